import type { ParsedLimits, ParsedRlimit } from '@caisson/core'

/** The limits this driver enforces. RSS and LOCKS are not among them: Linux ignores both. */
export const RLIMIT_KEYS = [
  'cpuTime',
  'fileSize',
  'data',
  'stack',
  'core',
  'processes',
  'openFiles',
  'lockedMemory',
  'addressSpace',
  'pendingSignals',
  'messageQueues',
  'nice',
  'realtimePriority',
  'realtimeTime',
] as const

/** A limit that is an rlimit of each process. */
export type RlimitKey = (typeof RLIMIT_KEYS)[number]

/** Soft and hard value of one resource, as the kernel takes them. */
export interface RlimitPair {
  readonly soft: bigint
  readonly hard: bigint
}

/** How one limit becomes a kernel resource. */
export interface RlimitInfo {
  /** RLIMIT_* of asm-generic/resource.h: x86, arm, riscv, powerpc and s390 agree on it. */
  readonly resource: number
  /** Its line in /proc/PID/limits. */
  readonly hostName: string
  /** What is counted and how finely, for `probe()`. */
  readonly resolution: string
  /** Value of the kernel for one of ours, without `max`. */
  toKernel(value: number): bigint
}

/** RLIM_INFINITY of 64-bit kernels. */
export const UNLIMITED = 2n ** 64n - 1n

const same = (value: number): bigint => BigInt(value)

export const RLIMITS: Readonly<Record<RlimitKey, RlimitInfo>> = {
  cpuTime: {
    resource: 0,
    hostName: 'Max cpu time',
    resolution: 'each process by itself; whole seconds, rounded up',
    toKernel: (ms) => BigInt(Math.ceil(ms / 1000)),
  },
  fileSize: {
    resource: 1,
    hostName: 'Max file size',
    resolution: 'each file written; one byte',
    toKernel: same,
  },
  data: {
    resource: 2,
    hostName: 'Max data size',
    resolution: 'each process; one page; no memory limit',
    toKernel: same,
  },
  stack: {
    resource: 3,
    hostName: 'Max stack size',
    resolution: 'main thread of each process; one page',
    toKernel: same,
  },
  core: {
    resource: 4,
    hostName: 'Max core file size',
    resolution: 'each core file; one byte',
    toKernel: same,
  },
  processes: {
    resource: 6,
    hostName: 'Max processes',
    resolution:
      'processes and threads of one user id of the host, whose root is exempt; uid 0 counts the first process of the container',
    toKernel: same,
  },
  openFiles: {
    resource: 7,
    hostName: 'Max open files',
    resolution: 'each process; one descriptor',
    toKernel: same,
  },
  lockedMemory: {
    resource: 8,
    hostName: 'Max locked memory',
    resolution: 'each process; one page',
    toKernel: same,
  },
  addressSpace: {
    resource: 9,
    hostName: 'Max address space',
    resolution: 'each process; one page; no memory limit',
    toKernel: same,
  },
  pendingSignals: {
    resource: 11,
    hostName: 'Max pending signals',
    resolution: 'signals queued for one user id of the host',
    toKernel: same,
  },
  messageQueues: {
    resource: 12,
    hostName: 'Max msgqueue size',
    resolution: 'POSIX message queues of one user id of the host; one byte',
    toKernel: same,
  },
  nice: {
    resource: 13,
    hostName: 'Max nice priority',
    resolution: 'each process',
    // the kernel counts from 1 (19) to 40 (-20)
    toKernel: (nice) => BigInt(20 - nice),
  },
  realtimePriority: {
    resource: 14,
    hostName: 'Max realtime priority',
    resolution: 'each process',
    toKernel: same,
  },
  realtimeTime: {
    resource: 15,
    hostName: 'Max realtime timeout',
    resolution: 'each real-time thread between two waits; one microsecond',
    toKernel: (ms) => BigInt(Math.ceil(ms * 1000)),
  },
}

function toKernel(key: RlimitKey, value: number | 'max'): bigint {
  return value === 'max' ? UNLIMITED : RLIMITS[key].toKernel(value)
}

function pairOf(key: RlimitKey, limits: ParsedLimits<RlimitKey>): RlimitPair | undefined {
  if (key === 'cpuTime') {
    if (limits.cpuTime === undefined) return undefined
    // SIGXCPU at the soft limit; a program that catches it has one second more, then SIGKILL comes
    const soft = toKernel(key, limits.cpuTime)
    return { soft, hard: soft + 1n }
  }
  const limit: ParsedRlimit | undefined = limits[key]
  if (limit === undefined) return undefined
  return { soft: toKernel(key, limit.soft), hard: toKernel(key, limit.hard) }
}

/** What is to be set, in the order of the table. */
export function kernelPairs(limits: ParsedLimits<RlimitKey>): ReadonlyMap<RlimitKey, RlimitPair> {
  const pairs = new Map<RlimitKey, RlimitPair>()
  for (const key of RLIMIT_KEYS) {
    const pair = pairOf(key, limits)
    if (pair !== undefined) pairs.set(key, pair)
  }
  return pairs
}
