import { architectureFacts, architectures, type Architecture } from './architecture.js'
import { syscallNames } from './kernel-tables.generated.js'

/** The system calls of one architecture. */
export interface SyscallTable {
  readonly numberOf: ReadonlyMap<string, number>
  /** A number with two names has the first of them here. */
  readonly nameOf: ReadonlyMap<number, string>
  /** The highest number of the calls that all architectures share; arm and x32 have some of their own above. */
  readonly newest: number
}

// arm's private calls begin at 983041, x32's at 512
const COMMON_END = 512

const tables = new Map<Architecture, SyscallTable>()

/** The table of an architecture, parsed once. */
export function syscallTable(arch: Architecture): SyscallTable {
  const known = tables.get(arch)
  if (known !== undefined) return known
  const { first } = architectureFacts[arch]
  // x32's numbers stand without their common bit
  const base = arch === 'x32' ? first : 0
  const numberOf = new Map<string, number>()
  const nameOf = new Map<number, string>()
  let next = base
  for (const word of syscallNames[arch].trim().split(/\s+/)) {
    if (/^\d+$/.test(word)) {
      next = base + Number(word)
      continue
    }
    const names = word.split('=')
    for (const name of names) numberOf.set(name, next)
    nameOf.set(next, names[0] ?? word)
    next += 1
  }
  const common = [...nameOf.keys()].filter((number) => number - first < COMMON_END)
  const table = { numberOf, nameOf, newest: Math.max(...common) }
  tables.set(arch, table)
  return table
}

/** Whether a number is one of an architecture's own, above those that all share. */
export function isPrivateNumber(arch: Architecture, number: number): boolean {
  return number - architectureFacts[arch].first >= COMMON_END
}

/** Whether any architecture has a call of that name. */
export function isSyscallName(name: string): boolean {
  return architectures.some((arch) => syscallTable(arch).numberOf.has(name))
}
