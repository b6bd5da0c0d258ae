import { errnoOf, parseSingle, readIfThere, writeKernelFile } from '@caisson/cgroup-kit'
import { CaissonError, type BelowUsage, type ParsedMemory } from '@caisson/core'
import { DRIVER } from './driver-name.js'
import type { Group } from './group.js'
import type { Setting } from './setting.js'

/** The kernel gives back what it can each time; more rounds than this give nothing more. */
const ROUNDS = 16
const PAUSE_MS = 5

function current(group: Group, file: string): number {
  const path = group.file('memory', file)
  const value = parseSingle(path === undefined ? undefined : readIfThere(path))
  return value ?? Number.POSITIVE_INFINITY
}

/** The order in which the kernel takes them: the sum of memory and swap is never below memory alone. */
export function orderMemory(group: Group, settings: readonly Setting[]): readonly Setting[] {
  const memory = settings.find(({ file }) => file === 'memory.limit_in_bytes')
  const both = settings.find(({ file }) => file === 'memory.memsw.limit_in_bytes')
  if (memory === undefined || both === undefined) return settings
  const next = Number(memory.value)
  const raised = next < 0 || next > current(group, both.file)
  const rest = settings.filter((setting) => setting !== memory && setting !== both)
  return [...(raised ? [both, memory] : [memory, both]), ...rest]
}

function belowUsage(group: Group, memory: ParsedMemory, cause?: unknown): CaissonError {
  const used = current(group, 'memory.usage_in_bytes')
  return new CaissonError({
    code: 'ERR_LIMIT_BELOW_USAGE',
    what: 'memory limit not lowered',
    subject: 'memory.max',
    why: `${memory.max} bytes are less than the ${used} in use`,
    driver: DRIVER,
    field: 'limits.memory.max',
    errno: errnoOf(cause),
    cause,
    retryable: true,
  })
}

/** Memory in use that cannot be given back by writing a lower limit is what the kernel refuses with EBUSY. */
function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errno' in error && error.errno === 'EBUSY'
}

/**
 * Makes room for a lower limit, or says that there is none. v1 never kills for a limit that is lowered: it refuses it.
 * @param kill kills processes of the group, as the kernel of cgroup2 would
 * @throws CaissonError ERR_LIMIT_BELOW_USAGE
 */
export async function makeRoom(
  group: Group,
  memory: ParsedMemory,
  policy: BelowUsage,
  kill: () => Promise<void>,
): Promise<void> {
  const { max } = memory
  if (max === undefined || max === 'max') return
  const fits = (): boolean => current(group, 'memory.usage_in_bytes') <= max
  if (fits()) return
  if (policy === 'reject') throw belowUsage(group, memory)
  for (let round = 0; round < ROUNDS && !fits(); round++) reclaim(group, max)
  if (fits()) return
  if (policy === 'reclaim') throw belowUsage(group, memory)
  await kill()
  // what the dead had is given back a moment later
  for (let round = 0; round < ROUNDS && !fits(); round++) {
    reclaim(group, max)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** Writing a limit takes memory back as far as it goes, and changes nothing when that does not suffice. */
function reclaim(group: Group, bytes: number): void {
  const file = group.file('memory', 'memory.limit_in_bytes')
  if (file === undefined) return
  try {
    writeKernelFile(file, String(bytes))
  } catch (error) {
    if (errnoOf(error) !== 'EBUSY') throw error
  }
}

/** The kernel's own refusal, where memory grew between our look and the write. */
export function asBelowUsage(
  group: Group,
  memory: ParsedMemory | undefined,
  error: unknown,
): unknown {
  return memory !== undefined && isBusy(error) ? belowUsage(group, memory, error) : error
}
