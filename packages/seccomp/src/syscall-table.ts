import type { Architecture } from './architecture.js'
import { syscallNames } from './syscall-tables.generated.js'

/** The system calls of one architecture. */
export interface SyscallTable {
  readonly numberOf: ReadonlyMap<string, number>
  readonly nameOf: ReadonlyMap<number, string>
  /** The highest number that has a name. */
  readonly newest: number
}

const tables = new Map<Architecture, SyscallTable>()

/** The table of an architecture, parsed once. */
export function syscallTable(arch: Architecture): SyscallTable {
  const known = tables.get(arch)
  if (known !== undefined) return known
  const numberOf = new Map<string, number>()
  const nameOf = new Map<number, string>()
  let next = 0
  for (const word of syscallNames[arch].trim().split(/\s+/)) {
    if (/^\d+$/.test(word)) {
      next = Number(word)
      continue
    }
    numberOf.set(word, next)
    nameOf.set(next, word)
    next += 1
  }
  const table = { numberOf, nameOf, newest: next - 1 }
  tables.set(arch, table)
  return table
}

/** Whether any architecture has a call of that name. */
export function isSyscallName(name: string): boolean {
  const architectures: readonly Architecture[] = ['x86_64', 'aarch64', 'riscv64']
  return architectures.some((arch) => syscallTable(arch).numberOf.has(name))
}
