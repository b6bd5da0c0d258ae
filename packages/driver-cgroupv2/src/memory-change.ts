import { errnoOf, writeKernelFile } from '@caisson/cgroup-kit'
import { CaissonError, type BelowUsage, type ParsedMemory } from '@caisson/core'
import { join } from 'node:path'
import { DRIVER } from './driver-name.js'
import type { Group } from './group.js'

/** The kernel takes back what it can each time; more rounds than this give nothing more. */
const ROUNDS = 16

function used(group: Group): number {
  return group.number('memory.current') ?? 0
}

function belowUsage(group: Group, max: number): CaissonError {
  return new CaissonError({
    code: 'ERR_LIMIT_BELOW_USAGE',
    what: 'memory limit not lowered',
    subject: 'memory.max',
    why: `${max} bytes are less than the ${used(group)} in use`,
    driver: DRIVER,
    field: 'limits.memory.max',
    retryable: true,
  })
}

/** Asks the kernel for that much; EAGAIN: it found less. False where it cannot be asked (before 5.19). */
function reclaim(group: Group, bytes: number): boolean {
  try {
    writeKernelFile(join(group.directory, 'memory.reclaim'), String(bytes))
  } catch (error) {
    return errnoOf(error) === 'EAGAIN'
  }
  return true
}

/** Writing `memory.high` takes back what is above it, without killing; and slows who takes more. */
function squeeze(group: Group, max: number): void {
  const before = group.read('memory.high')?.trim() ?? 'max'
  const set = (value: string): void =>
    group.write({ file: 'memory.high', value, field: 'memory.max' })
  set(String(max))
  set(before)
}

/**
 * Makes room for a lower limit, or says that there is none. The kernel itself would take the limit, and kill.
 * @throws CaissonError ERR_LIMIT_BELOW_USAGE
 */
export function makeRoom(group: Group, { max }: ParsedMemory, policy: BelowUsage): void {
  if (max === undefined || max === 'max' || policy === 'kill' || used(group) <= max) return
  if (policy === 'reject') throw belowUsage(group, max)
  for (let round = 0; round < ROUNDS && used(group) > max; round++) {
    if (!reclaim(group, used(group) - max)) squeeze(group, max)
  }
  if (used(group) > max) throw belowUsage(group, max)
}
