import type { CaissonError } from '../errors/caisson-error.js'
import type { LimitKey } from '../spec/limits.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import type { EndReason } from './end-reason.js'
import type { Protection } from './protection.js'
import type { OomScope, Usage } from './usage.js'

/** How a command ended: one shape for success and failure. */
export interface ExecResult<O = string> {
  /** It exited by itself with code 0. */
  readonly ok: boolean
  /** Why it ended. */
  readonly reason: EndReason
  /** null when a signal ended it. 127: not found, 126: not executable. */
  readonly exitCode: number | null
  /** null when it exited. */
  readonly signal: NodeJS.Signals | null
  /** What it wrote, within `maxOutput`: head and tail when it was more. */
  readonly stdout: O
  readonly stderr: O
  /** Whether the middle of a stream is missing. */
  readonly truncated: { readonly stdout: boolean; readonly stderr: boolean }
  readonly usage: Usage
  /** Limits that were really enforced. */
  readonly enforced: readonly LimitKey[]
  /** What held it apart from the host: really, by the steps that were carried out. Empty: it never ran. */
  readonly protections: readonly Protection[]
  /** The same as the kernel has them: rounded, with what follows from them. */
  readonly effective: ParsedLimits
  /**
   * Processes of the command that the kernel killed for want of memory, also when the command itself went on. Absent where no
   * limiter counts them.
   */
  readonly oomKills?: number
  /** Whose memory limit that was, when `oomKills` is not 0 and the kernel says. */
  readonly oomScope?: OomScope
  /** What was weaker than asked for, in words; only what the caller or the engine's defaults allowed to be. */
  readonly degraded: readonly string[]
  /** Why the command could not be executed, for exit codes 127 and 126 of our own. */
  readonly error?: CaissonError
  /**
   * Itself when `ok`.
   * @throws CommandFailed ERR_COMMAND_FAILED otherwise, with this result
   */
  unwrap(): this
}
