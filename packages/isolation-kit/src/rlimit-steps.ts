import type { ContainerSpec, ProcessStep } from '@caisson/core'
import type { PlanHost } from './plan-host.js'

/** RLIMIT_* numbers of most architectures; the launcher knows no other. */
const Resource = Object.freeze({
  cpu: 0,
  fileSize: 1,
  stack: 3,
  core: 4,
  processes: 6,
  openFiles: 7,
  lockedMemory: 8,
})

const KIB = 1024n
const MIB = 1024n * KIB

const STRICT_PROCESSES = 64

type Row = readonly [resource: number, soft: bigint, hard: bigint]

/**
 * No core dumps, in which memory would be left behind: no file fits into one byte, and it is the one number at which the kernel
 * also starts no program for a crash (core(5)). No locked memory; as many descriptors as a login has.
 */
const defaults: readonly Row[] = [
  [Resource.core, 1n, 1n],
  [Resource.openFiles, 1024n, 4096n],
  [Resource.lockedMemory, 64n * KIB, 64n * KIB],
]

/** What a single process of a stranger's needs no more of, whoever counts the container as a whole. */
const strict = (processes: bigint): readonly Row[] => [
  ...defaults,
  [Resource.processes, processes, processes],
  [Resource.fileSize, 256n * MIB, 256n * MIB],
  [Resource.stack, 8n * MIB, 64n * MIB],
  [Resource.cpu, 60n, 61n],
]

/**
 * Limits of each process that hold unless a limiter sets that one. No privilege goes beyond what this process has, so that
 * a lower hard limit of the host stays.
 */
export function rlimitSteps(
  { isolation, limits }: Pick<ContainerSpec, 'isolation' | 'limits'>,
  host: PlanHost,
  amended: readonly ProcessStep[],
): readonly ProcessStep[] {
  const taken = new Set(amended.map((step) => (step.op === 'rlimit' ? step.resource : undefined)))
  const { pids } = limits
  const rows = isolation.profile === 'strict' ? strict(BigInt(pids ?? STRICT_PROCESSES)) : defaults
  return rows
    .filter(([resource]) => !taken.has(resource))
    .map(([resource, soft, hard]) => {
      const most = host.hardLimits.get(resource) ?? hard
      const capped = hard < most ? hard : most
      return { op: 'rlimit', resource, soft: soft < capped ? soft : capped, hard: capped }
    })
}
