import type { Readable, Writable } from 'node:stream'
import type { Amendment } from './resource-limiter.js'

/** What a command reads: nothing (end of file at once), these bytes, or a stream that the caller writes. */
export type CommandInput =
  | { readonly kind: 'null' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream' }

/** Where output goes: kept and returned at the end, a stream that the caller reads, or nowhere. */
export type CommandOutput = 'capture' | 'stream' | 'null'

/** How large a terminal is, in characters: 1 to 65535 each. */
export interface TerminalSize {
  readonly cols: number
  readonly rows: number
}

/** One command, parsed: everything is there and valid. */
export interface Command {
  readonly argv: readonly string[]
  /** `NAME=value`, complete. */
  readonly env: readonly string[]
  /** Absolute path inside the root. */
  readonly cwd: string
  /** `uid`, `name`, `uid:gid` or `name:group`. */
  readonly user: string
  /** Supplementary groups, ids or names. */
  readonly groups: readonly string[]
  readonly stdin: CommandInput
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
  /** Bytes kept of each captured stream: half from its head, half from its tail. */
  readonly maxOutputBytes: number
  /** Of limits for this command alone; only their process steps count. Empty for a one-shot. */
  readonly amendments: readonly Amendment[]
  /** Whether `started` is waited for; without it a start costs one message less. */
  readonly reportStart: boolean
  /**
   * A terminal as standard streams and controlling terminal, in a session of its own, owned by the command's user. All
   * that is printed is stdout; stderr is `null`. The end of stdin is the terminal's end-of-file character. Only where the
   * driver's manifest has the feature `pty`.
   */
  readonly tty?: TerminalSize
}

/** A command that runs. */
export interface ProcessStart {
  /** Its id as the container sees it. */
  readonly pid: number
  /** There when stdin is a stream. */
  readonly stdin?: Writable
  /** There when stdout is a stream. */
  readonly stdout?: Readable
  /** There when stderr is a stream. */
  readonly stderr?: Readable
}

/** How a command ended, as the kernel tells it. */
export interface ProcessEnd {
  readonly pid: number
  /** null when a signal ended it. */
  readonly exitCode: number | null
  /** null when it exited. */
  readonly signal: NodeJS.Signals | null
  readonly userMs: number
  readonly systemMs: number
  /** Peak resident memory of its largest process. */
  readonly peakMemoryBytes: number
  readonly wallMs: number
  /** What its writable layer had none left of at its end. Absent: it had room, or the driver cannot tell. */
  readonly diskFull?: 'bytes' | 'inodes' | 'both'
  /** Captured bytes; empty for streams. */
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  /** Bytes the command wrote to a captured stream. */
  readonly stdoutTotal: number
  readonly stderrTotal: number
}

/** A command on its way. */
export interface LaunchedProcess {
  /**
   * Settles when the command runs (at once after `ended` when `reportStart` was false).
   * Rejects like `ended`.
   */
  readonly started: Promise<ProcessStart>
  /**
   * Settles when it ended and, for a one-shot, every process of its container is dead but pid 1, which has nothing left to do
   * but to end.
   * Rejects with CaissonError when it never ran: ERR_LAUNCH, ERR_COMMAND_NOT_FOUND, ERR_COMMAND_NOT_EXECUTABLE,
   * ERR_USER_NOT_FOUND, ERR_CWD, ERR_LAUNCHER_GONE ...
   */
  readonly ended: Promise<ProcessEnd>
  /**
   * Sends a signal: SIGKILL to everything the command started, others to its main process. No effect after the end.
   * @param final of another than SIGKILL: when the main process ends, what else the command started is killed before
   * `ended` settles
   */
  signal(signal: NodeJS.Signals, final?: boolean): void
  /**
   * Resizes the terminal; its foreground processes hear of it by SIGWINCH. No effect after the end or without a terminal.
   * There if and only if the driver's manifest has the feature `pty`.
   */
  resize?(size: TerminalSize): void
}
