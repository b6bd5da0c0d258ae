import type { Bytes } from '../values/bytes.js'
import type { Duration } from '../values/duration.js'

/**
 * Every limit a driver may enforce, with the type a caller writes. A driver's manifest names the keys it enforces; asking
 * for another is a compile error and, at run time, ERR_UNSUPPORTED. Third parties add keys by declaration merging.
 */
export interface LimitTypes {
  /** Resident memory of all processes together. */
  memory: Bytes
  /** Swap beside `memory`. */
  swap: Bytes
  /** CPUs, e.g. 1.5. */
  cpu: number
  /** CPU time. `driver-rlimits`: of each process, rounded up to whole seconds. */
  cpuTime: Duration
  /** Processes and threads of all together. */
  pids: number
  /** Processes and threads of one user id in the container's user namespace (RLIMIT_NPROC). */
  processes: number
  /** Open file descriptors of each process (RLIMIT_NOFILE). */
  openFiles: number
  /** Size of a file that a process writes (RLIMIT_FSIZE). */
  fileSize: Bytes
  /** Bytes in the writable layer. */
  disk: Bytes
  /** Block device bandwidth. */
  io: { readonly readBps?: Bytes; readonly writeBps?: Bytes }
  /** Main thread's stack (RLIMIT_STACK). */
  stack: Bytes
  /** Core dumps (RLIMIT_CORE). */
  core: Bytes
  /** Virtual addresses of each process (RLIMIT_AS): no memory limit, allocations fail instead. */
  addressSpace: Bytes
}

export type LimitKey = keyof LimitTypes

/** Limits out of the keys `L`. */
export type Limits<L extends LimitKey = LimitKey> = { readonly [K in L]?: LimitTypes[K] }

/** Limits as options take them: where no driver enforces any, none can be written. */
export type LimitOptions<L extends LimitKey> = [L] extends [never]
  ? Readonly<Record<string, never>>
  : Limits<L>
