import { constants } from 'node:os'

function isSignal(name: string): name is NodeJS.Signals {
  return name.startsWith('SIG')
}

const signalNames = new Map<number, NodeJS.Signals>()
for (const [name, number] of Object.entries(constants.signals)) {
  // The first of two names for one number is the usual one (SIGABRT, SIGIOT).
  if (isSignal(name) && !signalNames.has(number)) signalNames.set(number, name)
}

/** The name of a signal by its number. Real-time signals have no name in Node; they get the shell's. */
export function signalName(number: number): NodeJS.Signals | null {
  const name = signalNames.get(number) ?? `SIGRTMIN+${number - 34}`
  return isSignal(name) ? name : null
}
