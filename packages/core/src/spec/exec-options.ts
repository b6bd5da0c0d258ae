import type { Bytes } from '../values/bytes.js'
import type { Duration } from '../values/duration.js'
import type { LimitKey, LimitOptions } from './limits.js'
import type { Spec } from './spec.js'

/** What a command may read: `ignore` (end of file at once), `pipe` (write to `exec.stdin`), text, bytes or a stream. */
export type StdinOption =
  | 'ignore'
  | 'pipe'
  | (string & {})
  | Uint8Array
  | NodeJS.ReadableStream
  | AsyncIterable<Uint8Array | string>

/** How a command runs. Unknown fields are errors (ERR_INVALID_SPEC). */
export interface ExecOptions<L extends LimitKey = LimitKey> {
  /** Absolute path in the container. Default: the container's. ERR_CWD when it is not there. */
  readonly cwd?: string
  /** Added to the container's; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the container's. ERR_USER_NOT_FOUND. */
  readonly user?: string | number
  /** Default: the container's. */
  readonly groups?: readonly (string | number)[]
  /** Limits of this command alone. ERR_UNSUPPORTED, ERR_LIMIT_RANGE. */
  readonly limits?: LimitOptions<L>
  /** Kills the command after that time (reason `wall-time`). Default: the container's. */
  readonly timeout?: Duration
  /** Kills the command (reason `aborted`); before it runs, rejects with ERR_ABORTED. */
  readonly signal?: AbortSignal
  /**
   * Default `ignore`. To send the words `ignore` or `pipe` themselves, pass bytes.
   */
  readonly stdin?: StdinOption
  /** Bytes kept of stdout and of stderr each: half from the head, half from the tail. Default 16MiB, at most 512MiB. */
  readonly maxOutput?: Bytes
  /** `utf8` (default): results hold strings; `buffer`: bytes. */
  readonly encoding?: 'utf8' | 'buffer'
  /** Also written here while the command runs; not ended. A slow one slows the command down. */
  readonly stdout?: NodeJS.WritableStream
  readonly stderr?: NodeJS.WritableStream
}

/** A one-shot: the container and its only command. */
export type RunOptions<L extends LimitKey = LimitKey> = Omit<Spec<L>, keyof ExecOptions> &
  ExecOptions<L>
