import type { TerminalSize } from '../contracts/process.js'
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
  /**
   * Kills the command when neither stdout nor stderr got a byte for that long (reason `idle`). Default none. The time in
   * which a slow reader of ours holds the command up does not count; a pause of the container does.
   */
  readonly idleTimeout?: Duration
  /** Kills the command (reason `aborted`); before it runs, rejects with ERR_ABORTED. */
  readonly signal?: AbortSignal
  /**
   * How `timeout` and `signal` end a command: SIGTERM to its main process, and after this time SIGKILL to all it started.
   * However it ends meanwhile, the reason is theirs, and what it started is killed with it. Default 0: SIGKILL at once.
   */
  readonly killGrace?: Duration
  /**
   * A terminal of that size, 1 to 65535 each, as stdin, stdout, stderr and controlling terminal: for programs that ask for
   * one, and for people. All output is stdout then, as the terminal makes it (`\n` comes out as `\r\n`); the end of stdin
   * is its end-of-file character; TERM is `xterm-256color` unless given. Default: none. ERR_UNSUPPORTED without a driver
   * that has the feature `pty`.
   */
  readonly tty?: TerminalSize
  /**
   * Default `ignore`, with `tty` `pipe`. To send the words `ignore` or `pipe` themselves, pass bytes.
   */
  readonly stdin?: StdinOption
  /** Bytes kept of stdout and of stderr each: half from the head, half from the tail. Default 16MiB, at most 512MiB. */
  readonly maxOutput?: Bytes
  /**
   * `truncate` (default): the command runs on, and the middle is left out. `kill`: a command that writes more than
   * `maxOutput` to stdout or stderr is killed (reason `output-limit`, also when it exits before it dies); exactly the first
   * `maxOutput` bytes are kept and handed to readers, and at most 64 KiB more are read.
   */
  readonly onOutputLimit?: 'truncate' | 'kill'
  /** `utf8` (default): results hold strings; `buffer`: bytes. */
  readonly encoding?: 'utf8' | 'buffer'
  /** Also written here while the command runs; not ended. A slow one slows the command down. */
  readonly stdout?: NodeJS.WritableStream
  readonly stderr?: NodeJS.WritableStream
}

/** What is for one-shots alone. */
export interface OneShotOptions {
  /**
   * Pid 1 of the container: a reaper of ours (`reaper`, default), which buries orphans and is no part of the command; or
   * the `command` itself, for init systems. The kernel hides from a pid 1 every signal it does not handle, SIGTERM too, but
   * for SIGKILL; and orphans are its to reap. When it ends, so does the container. ERR_UNSUPPORTED with `create()`, and
   * without a driver that has the feature `commandInit`.
   */
  readonly init?: 'reaper' | 'command'
}

/** A one-shot: the container and its only command. */
export type RunOptions<L extends LimitKey = LimitKey> = Omit<Spec<L>, keyof ExecOptions> &
  ExecOptions<L> &
  OneShotOptions
