import { invalidArgument, outOfRange } from '../errors/invalid-argument.js'
import { parseLimits } from './parse-limits.js'
import type { ParsedCpu, ParsedLimits, ParsedMemory } from './parsed-limits.js'

/** Resources as the OCI runtime-spec 1.2 has them in `linux.resources`; what our limits have no word for is not here. */
export interface OciResources {
  readonly memory?: {
    /** Bytes; -1: no limit. */
    readonly limit?: number
    /** Soft limit: `low`. */
    readonly reservation?: number
    /** Memory and swap together; -1: no limit. */
    readonly swap?: number
  }
  readonly cpu?: {
    /** 2 to 262144, of cgroup v1. */
    readonly shares?: number
    /** Microseconds; -1: no limit. */
    readonly quota?: number
    readonly burst?: number
    readonly period?: number
    readonly cpus?: string
    readonly mems?: string
    readonly idle?: 0 | 1
  }
  /** Absent or not above 0: no limit. */
  readonly pids?: { readonly limit: number }
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[]
  readonly rdma?: Readonly<
    Record<string, { readonly hcaHandles?: number; readonly hcaObjects?: number }>
  >
  readonly unified?: Readonly<Record<string, string>>
}

const code = 'ERR_LIMIT_RANGE'
const NONE = -1
const toOciNumber = (value: number | 'max' | undefined): number | undefined =>
  value === 'max' ? NONE : value
const fromOciNumber = (value: number | undefined): number | 'max' | undefined =>
  value !== undefined && value < 0 ? 'max' : value

type Known<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without what has no value. */
function known<T extends object>(values: T): Known<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries that are left are those of T
  return Object.fromEntries(entries) as Known<T>
}

function named<T, U>(
  record: Readonly<Record<string, T>>,
  map: (value: T) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))
}

/**
 * A weight of cgroup v2 (1 to 10000) for shares of v1 (2 to 262144), so that 1024 shares are the default, 100, and both
 * ends meet: opencontainers/cgroups since 2025-06, crun since 1.23. Their old formula made 39 of 1024.
 * @throws RangeError ERR_LIMIT_RANGE
 */
export function weightOfShares(shares: number, field = 'cpu.shares'): number {
  if (!Number.isInteger(shares) || shares < 2 || shares > 262_144) {
    throw outOfRange({ field, why: `${shares} is no whole number from 2 to 262144`, code })
  }
  const l = Math.log2(shares)
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34))
}

/** The least shares whose weight is not below this one. */
function sharesOfWeight(weight: number): number {
  let low = 2
  let high = 262_144
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (weightOfShares(middle) < weight) low = middle + 1
    else high = middle
  }
  return low
}

function memoryToOci(memory: ParsedMemory): OciResources['memory'] {
  for (const part of ['high', 'min', 'oomGroup'] as const) {
    if (memory[part] === undefined) continue
    const why = 'OCI resources have no such field'
    throw invalidArgument({ field: `limits.memory.${part}`, why, code, fix: 'Use `unified`.' })
  }
  const { max, swap = 0 } = memory
  const both = max === 'max' || swap === 'max' ? NONE : max === undefined ? undefined : max + swap
  return known({
    limit: toOciNumber(max),
    reservation: toOciNumber(memory.low),
    swap: max === 'max' && memory.swap === undefined ? undefined : both,
  })
}

function cpuToOci(cpu: ParsedCpu): OciResources['cpu'] {
  const { weight } = cpu
  return known({
    quota: toOciNumber(cpu.quotaUs),
    period: cpu.periodUs,
    burst: cpu.burstUs,
    cpus: cpu.set,
    mems: cpu.mems,
    idle: weight === 'idle' ? (1 as const) : undefined,
    shares: typeof weight === 'number' ? sharesOfWeight(weight) : undefined,
  })
}

/**
 * Limits for another runtime. rlimits, `disk`, `cpuTime`, `io` and `misc` are no resources of OCI and are left out.
 * @throws TypeError ERR_LIMIT_RANGE for a part of `memory` that OCI has no word for, naming the field
 */
export function toOci({ memory, cpu, pids, hugetlb, rdma, unified }: ParsedLimits): OciResources {
  const pages = Object.entries(hugetlb ?? {}).flatMap(([pageSize, limit]) =>
    limit === 'max' ? [] : [{ pageSize, limit }],
  )
  return known({
    memory: memory === undefined ? undefined : memoryToOci(memory),
    cpu: cpu === undefined ? undefined : cpuToOci(cpu),
    pids: pids === undefined ? undefined : { limit: pids === 'max' ? NONE : pids },
    hugepageLimits: hugetlb === undefined ? undefined : pages,
    rdma:
      rdma === undefined
        ? undefined
        : named(rdma, ({ handles, objects }) =>
            known({
              hcaHandles: handles === 'max' ? undefined : handles,
              hcaObjects: objects === 'max' ? undefined : objects,
            }),
          ),
    unified,
  })
}

function memoryFromOci({ limit, reservation, swap }: NonNullable<OciResources['memory']>): object {
  if (swap !== undefined && swap >= 0 && (limit === undefined || limit < 0)) {
    const why = 'is memory and swap together, and means nothing without `limit`'
    throw outOfRange({ field: 'memory.swap', why, code })
  }
  if (swap !== undefined && swap >= 0 && limit !== undefined && swap < limit) {
    throw outOfRange({ field: 'memory.swap', why: `${swap} is less than limit, ${limit}`, code })
  }
  // what is left to swap besides; without a word about it OCI runtimes leave it open
  const alone = swap === undefined || swap < 0 ? 'max' : swap - Math.max(0, limit ?? 0)
  return known({
    max: fromOciNumber(limit),
    low: fromOciNumber(reservation),
    swap: limit === undefined ? undefined : alone,
  })
}

function cpuFromOci(cpu: NonNullable<OciResources['cpu']>): object {
  const { quota, period, shares, burst } = cpu
  const periodUs = period ?? 100_000
  return known({
    max: quota === undefined ? undefined : quota < 0 ? 'max' : quota / periodUs,
    period: quota === undefined ? undefined : periodUs / 1000,
    burst: burst === undefined ? undefined : burst / 1000,
    weight:
      cpu.idle === 1
        ? 'idle'
        : shares === undefined || shares === 0
          ? undefined
          : weightOfShares(shares),
    set: cpu.cpus,
    mems: cpu.mems,
  })
}

/**
 * Resources of another runtime as our limits: shares become a weight, swap is what is beside memory.
 * @throws TypeError or RangeError ERR_LIMIT_RANGE, naming the field
 */
export function fromOci(resources: OciResources): ParsedLimits {
  const { memory, cpu, pids, hugepageLimits, rdma, unified } = resources
  const limits = known({
    memory: memory === undefined ? undefined : memoryFromOci(memory),
    cpu: cpu === undefined ? undefined : cpuFromOci(cpu),
    pids: pids === undefined ? undefined : pids.limit > 0 ? pids.limit : 'max',
    hugetlb:
      hugepageLimits === undefined
        ? undefined
        : Object.fromEntries(hugepageLimits.map(({ pageSize, limit }) => [pageSize, limit])),
    rdma:
      rdma === undefined
        ? undefined
        : named(rdma, ({ hcaHandles, hcaObjects }) =>
            known({ handles: hcaHandles, objects: hcaObjects }),
          ),
    unified,
  })
  const filled = Object.entries(limits).filter(
    ([, value]) => typeof value !== 'object' || Object.keys(value).length > 0,
  )
  return parseLimits(Object.fromEntries(filled), 'resources')
}
