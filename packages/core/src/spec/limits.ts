import type { Bytes } from '../values/bytes.js'
import type { Duration } from '../values/duration.js'

/** Memory of all processes together. With a number alone, it is `max`. */
export interface MemoryOptions {
  /** More is reclaimed, and where that fails a process is killed (reason `oom`). At least 1MiB: less starts nothing. */
  readonly max?: Bytes | 'max'
  /** Swap beside it, not memory and swap together. Needs `max`. Default 0 where `max` is a number, else no limit. */
  readonly swap?: Bytes | 'max'
  /** Above it processes are slowed and memory is reclaimed; without swap that is a stall, no soft limit. Default none. */
  readonly high?: Bytes | 'max'
  /** Below it memory is taken from others first. Default 0. */
  readonly low?: Bytes | 'max'
  /** Below it nothing is taken, whatever happens to others. Default 0. */
  readonly min?: Bytes | 'max'
  /** Whether want of memory kills all processes (true, default) or one that the kernel chooses. */
  readonly oomGroup?: boolean
}

/** CPU of all processes together. With a number alone, it is `max`. */
export interface CpuOptions {
  /** CPUs, e.g. 1.5. At least 0.001. */
  readonly max?: number | 'max'
  /** Time over which `max` is counted, 1ms to 1s. Default 100ms, below 0.01 CPUs 1s: a quota has at least 1 ms. */
  readonly period?: Duration
  /** CPU time saved from earlier periods that one period may use besides; at most that of `max` in one. Default 0. */
  readonly burst?: Duration
  /** Share among others that want the CPU too, 1 to 10000, default 100; `idle`: only what nobody else wants. */
  readonly weight?: number | 'idle'
  /** CPUs to run on, e.g. `0-3,6`. Default all. */
  readonly set?: string
  /** Memory nodes to take memory from, e.g. `0`. Default all. */
  readonly mems?: string
}

/** Limits for one block device. */
export interface IoDeviceOptions {
  /** `8:0`, the path of a block device, or a path of the host on one: the whole disk is meant. ERR_LIMIT_DEVICE. */
  readonly device: string
  /** Bytes a second; at least 1. Default no limit. */
  readonly readBps?: Bytes | 'max'
  readonly writeBps?: Bytes | 'max'
  /** Operations a second; at least 1. Default no limit. */
  readonly readIops?: number | 'max'
  readonly writeIops?: number | 'max'
  /** Time that its requests may take before others are held back. Default none. */
  readonly latency?: Duration
}

/** Block devices. */
export interface IoOptions {
  /** Share among others, 1 to 10000; default 100. */
  readonly weight?: number
  readonly devices?: readonly IoDeviceOptions[]
}

/** The writable layer. With a number alone, it is `size`. */
export interface DiskOptions {
  /** At least 64KiB. Default that of `writable.size`. */
  readonly size?: Bytes
  /** Files, directories, links; at least 64. Default one for each 4 KiB of the size. */
  readonly inodes?: number
}

/** An rlimit: one value for both, or soft and hard apart. `max`: none. */
export type Rlimit<T> = T | 'max' | { readonly soft: T | 'max'; readonly hard: T | 'max' }

/**
 * Every limit a driver may enforce, with the type a caller writes. A driver's manifest names the keys it enforces; asking
 * for another is a compile error and, at run time, ERR_UNSUPPORTED. Third parties add keys by declaration merging.
 */
export interface LimitTypes {
  /** Memory of all processes together, page cache and tmpfs included. */
  memory: Bytes | 'max' | MemoryOptions
  /** CPUs, e.g. 1.5, of all processes together. */
  cpu: number | CpuOptions
  /**
   * CPU time. By a limiter that counts it, of all processes together, at the resolution of sampling (10 ms), with a looser limit of each process under it; by `rlimits`
   * alone, of each process by itself, rounded up to whole seconds.
   */
  cpuTime: Duration
  /** Processes and threads of all commands together, 1 to 4194304; a pid 1 of ours does not count. */
  pids: number | 'max'
  /** Block devices: bandwidth, operations, shares. */
  io: IoOptions
  /** Huge pages by size, e.g. `{ '2MB': '64MiB' }`. */
  hugetlb: Readonly<Record<string, Bytes | 'max'>>
  /** RDMA resources by device, e.g. `{ mlx4_0: { handles: 2, objects: 2000 } }`. */
  rdma: Readonly<
    Record<string, { readonly handles?: number | 'max'; readonly objects?: number | 'max' }>
  >
  /** Countable resources of the misc controller by name, e.g. `{ sev: 1 }`. */
  misc: Readonly<Record<string, number | 'max'>>
  /** The writable layer of the root; its isolation driver enforces it. When it is full, a command that fails has the reason `disk-limit`. */
  disk: Bytes | DiskOptions
  /** Files of cgroup v2 and what is written there, as it is, after all else: `{ 'memory.zswap.max': '0' }`. No `cgroup.*`. */
  unified: Readonly<Record<string, string>>
  /** Processes and threads of one user id in the container's user namespace (RLIMIT_NPROC). The host's root is exempt. */
  processes: Rlimit<number>
  /** Open file descriptors of each process (RLIMIT_NOFILE). */
  openFiles: Rlimit<number>
  /** Size of a file that a process writes (RLIMIT_FSIZE). */
  fileSize: Rlimit<Bytes>
  /** Main thread's stack (RLIMIT_STACK). */
  stack: Rlimit<Bytes>
  /**
   * Core dumps (RLIMIT_CORE). Default 1, which programs cannot change: no core is left, and the host's kernel calls no program of
   * `core_pattern`, as it does at every other number, 0 included. Given, programs may change it as they may change other limits.
   */
  core: Rlimit<Bytes>
  /** Virtual addresses of each process (RLIMIT_AS): no memory limit, allocations fail instead. */
  addressSpace: Rlimit<Bytes>
  /** Heap and private writable mappings of each process (RLIMIT_DATA): allocations fail. */
  data: Rlimit<Bytes>
  /** Memory that each process may lock (RLIMIT_MEMLOCK). */
  lockedMemory: Rlimit<Bytes>
  /** Bytes in POSIX message queues of one user id (RLIMIT_MSGQUEUE). */
  messageQueues: Rlimit<Bytes>
  /** Signals queued for one user id (RLIMIT_SIGPENDING). */
  pendingSignals: Rlimit<number>
  /** Lowest nice value a process may give itself, 19 to -20; 20: it may not lower its own at all (RLIMIT_NICE). */
  nice: Rlimit<number>
  /** Highest real-time priority a process may give itself, 0 to 99 (RLIMIT_RTPRIO). */
  realtimePriority: Rlimit<number>
  /** CPU time of a real-time thread without a wait (RLIMIT_RTTIME). */
  realtimeTime: Rlimit<Duration>
}

/** The name of a limit of ours; limiters of others may declare more. */
export type LimitKey = keyof LimitTypes

/** Limits out of the keys `L`. */
export type Limits<L extends LimitKey = LimitKey> = { readonly [K in L]?: LimitTypes[K] }

/** Limits as options take them: where no driver enforces any, none can be written. */
export type LimitOptions<L extends LimitKey> = [L] extends [never]
  ? Readonly<Record<string, never>>
  : Limits<L>
