import { readFileSync, readdirSync } from 'node:fs'

/** A process of the host. The start time tells it from a later one that got its number. */
export interface HostProcess {
  readonly pid: number
  readonly parent: number
  readonly startTime: string
}

function readProcess(pid: number): HostProcess | undefined {
  try {
    // after the name, which may hold anything, in parentheses: state, parent ... and as the 20th the start time
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return { pid, parent: Number(fields[1]), startTime: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** All processes below one: in a container, whose orphans its first process adopts, everything that runs in it. */
export function descendantsOf(pid: number): readonly HostProcess[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  const all = pids.map(readProcess).filter((found) => found !== undefined)
  const below = (parent: number): readonly HostProcess[] =>
    all.filter((child) => child.parent === parent).flatMap((child) => [child, ...below(child.pid)])
  return below(pid)
}

/** Whether a process is there still. */
export function isAlive({ pid, startTime }: HostProcess): boolean {
  return readProcess(pid)?.startTime === startTime
}
