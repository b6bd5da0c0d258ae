import type { LimitKey, LimitTypes } from './limits.js'

/** Memory, parsed: bytes. What is absent was not asked for. */
export interface ParsedMemory {
  readonly max?: number | 'max'
  /** Swap alone. Absent: 0 where `max` is a number and the host counts swap. */
  readonly swap?: number | 'max'
  readonly high?: number | 'max'
  readonly low?: number | 'max'
  readonly min?: number | 'max'
  /** Absent: true, where the host can. */
  readonly oomGroup?: boolean
}

/** CPU, parsed: whole microseconds, as kernels take them. */
export interface ParsedCpu {
  /** Of each period; at least 1000. */
  readonly quotaUs?: number | 'max'
  /** 1000 to 1000000. There if and only if `quotaUs` is, or a period was given. */
  readonly periodUs?: number
  readonly burstUs?: number
  readonly weight?: number | 'idle'
  /** Ascending and without overlaps, e.g. `0-3,6`. */
  readonly set?: string
  readonly mems?: string
}

/** Limits of one block device, parsed. The device is as it was given: `resolveBlockDevice` finds its numbers. */
export interface ParsedIoDevice {
  readonly device: string
  readonly readBps?: number | 'max'
  readonly writeBps?: number | 'max'
  readonly readIops?: number | 'max'
  readonly writeIops?: number | 'max'
  readonly latencyUs?: number
}

/** Block devices, parsed. */
export interface ParsedIo {
  readonly weight?: number
  /** Absent rather than empty. */
  readonly devices?: readonly ParsedIoDevice[]
}

/** The writable layer, parsed. */
export interface ParsedDisk {
  readonly size?: number
  readonly inodes?: number
}

/** An rlimit, parsed: in the limit's unit (bytes, milliseconds, or a count). */
export interface ParsedRlimit {
  readonly soft: number | 'max'
  /** Not below `soft` (`nice`: not above). */
  readonly hard: number | 'max'
}

/** Limits as drivers take them: checked, canonical, plain data that JSON keeps. A third party's keys are as written. */
export interface ParsedLimitTypes {
  memory: ParsedMemory
  cpu: ParsedCpu
  /** Milliseconds. */
  cpuTime: number
  pids: number | 'max'
  io: ParsedIo
  hugetlb: Readonly<Record<string, number | 'max'>>
  rdma: Readonly<
    Record<string, { readonly handles?: number | 'max'; readonly objects?: number | 'max' }>
  >
  misc: Readonly<Record<string, number | 'max'>>
  disk: ParsedDisk
  unified: Readonly<Record<string, string>>
  processes: ParsedRlimit
  openFiles: ParsedRlimit
  fileSize: ParsedRlimit
  stack: ParsedRlimit
  core: ParsedRlimit
  addressSpace: ParsedRlimit
  data: ParsedRlimit
  lockedMemory: ParsedRlimit
  messageQueues: ParsedRlimit
  pendingSignals: ParsedRlimit
  nice: ParsedRlimit
  realtimePriority: ParsedRlimit
  /** Milliseconds. */
  realtimeTime: ParsedRlimit
}

/** The parsed form of limit `K`. */
export type ParsedLimit<K extends LimitKey> = K extends keyof ParsedLimitTypes
  ? ParsedLimitTypes[K]
  : LimitTypes[K]

/** Parsed limits out of the keys `L`. */
export type ParsedLimits<L extends LimitKey = LimitKey> = { readonly [K in L]?: ParsedLimit<K> }
