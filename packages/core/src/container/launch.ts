import type {
  CommandInput,
  CommandOutput,
  LaunchedProcess,
  TerminalSize,
} from '../contracts/process.js'
import type { Holding } from '../contracts/holding.js'
import type { CaissonError } from '../errors/caisson-error.js'
import type { HeldLimits } from './held-limits.js'

/** How a command is connected; decided when it is sent. */
export interface CommandIo {
  readonly stdin: CommandInput
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
  readonly reportStart: boolean
  readonly tty?: TerminalSize
}

/** A command handed to its isolation driver, with what it holds. */
export interface Launch {
  readonly process: LaunchedProcess
  /** Limits held for the command itself; of a one-shot, for its container. */
  readonly own: HeldLimits
  /** Limits of the container that the command runs in, unless they are its own. */
  readonly outer: HeldLimits | undefined
  /** What its plans did without. */
  readonly degraded: readonly string[]
  /** Asked when the command has run. */
  holding(): Holding
  /** Gives everything back. Never rejects. */
  finish(): Promise<void>
}

/** What an `Exec` asks of its container or engine. */
export interface CommandOpener {
  /**
   * Takes hold of what the command needs and starts it; undoes everything when it fails.
   * @param cancelled asked after each wait: an error means that the command is not wanted any more
   */
  open(io: CommandIo, cancelled: () => CaissonError | undefined): Promise<Launch>
}
