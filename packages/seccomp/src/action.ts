import type { Architecture } from './architecture.js'
import { errnoNames } from './kernel-tables.generated.js'

/** What a filter does to a call. An error number is meant by name where the profile has one: numbers differ between machines. */
export type Action =
  | { readonly kind: 'allow' | 'log' | 'trap' | 'kill-thread' | 'kill-process' }
  | { readonly kind: 'errno'; readonly errno: string | number }

const tables = {
  generic: parse(errnoNames.generic),
  mips64el: parse(errnoNames.mips64el),
}

function parse(text: string): ReadonlyMap<string, number> {
  const pairs = text.trim().split(/\s+/)
  return new Map(
    pairs.map((pair) => {
      const [name = '', number] = pair.split('=')
      return [name, Number(number)]
    }),
  )
}

/** The number of an error's name; undefined: there is none. */
export function errnoNumber(name: string, arch?: Architecture): number | undefined {
  return (arch === 'mips64el' ? tables.mips64el : tables.generic).get(name)
}

// SECCOMP_RET_*. The kernel compares them as signed numbers and lets the smallest win; so do we.
const returns = {
  allow: 0x7fff0000,
  log: 0x7ffc0000,
  errno: 0x00050000,
  trap: 0x00030000,
  'kill-thread': 0x00000000,
  'kill-process': 0x80000000,
} as const

/** The filter's return value for an action. */
export function returnValue(action: Action, arch: Architecture): number {
  if (action.kind !== 'errno') return returns[action.kind]
  const { errno } = action
  const number = typeof errno === 'number' ? errno : errnoNumber(errno, arch)
  if (number === undefined) throw new Error(`${arch} has no ${errno}`)
  return returns.errno | number
}

/** Whether an action lets the call happen. */
export function isPermissive(action: Action): boolean {
  return action.kind === 'allow' || action.kind === 'log'
}
