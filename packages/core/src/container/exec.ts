import type { TerminalSize } from '../contracts/process.js'
import type { ExecResult } from '../result/exec-result.js'

/** What happens while a command runs. */
export type ExecEvent<O = string> =
  | { readonly type: 'start'; readonly pid: number }
  | { readonly type: 'stdout' | 'stderr'; readonly data: Uint8Array }
  | { readonly type: 'end'; readonly result: ExecResult<O> }

/**
 * A command on its way. Await it for the result; iterate over it for its events; or take its streams.
 *
 * The command is sent on the next microtask: whoever touches `stdin`, `stdout` or `stderr`, or iterates, in the same
 * tick gets them live. Later, `stdout` and `stderr` give what was kept. The result always holds the output, within
 * `maxOutput`. A live stream that nobody reads stalls the command.
 *
 * It rejects when the command never ran (ERR_LAUNCH and the like, ERR_ABORTED); a command that ran and failed is a
 * result, and so are "not found" (exit code 127) and "not executable" (126).
 */
export interface Exec<O = string>
  extends PromiseLike<ExecResult<O>>, AsyncIterable<ExecEvent<O>>, AsyncDisposable {
  /** Its id as the container sees it. Asked for after the tick of the call, it may be known only at the end. */
  readonly pid: Promise<number>
  /** @throws CaissonError ERR_INVALID_SPEC when the command was sent without `stdin: 'pipe'` */
  readonly stdin: NodeJS.WritableStream
  readonly stdout: NodeJS.ReadableStream
  readonly stderr: NodeJS.ReadableStream
  /** Lines of stdout without their ends, decoded as UTF-8. */
  lines(): AsyncIterable<string>
  /**
   * Sends a signal; default SIGKILL, which ends all it started too (reason `killed`) and is waited for. No effect after
   * the end.
   */
  kill(signal?: NodeJS.Signals): Promise<void>
  /**
   * Resizes the terminal; programs in its foreground hear of it by SIGWINCH. No effect after the end.
   * @throws TypeError or RangeError ERR_INVALID_SPEC for a size out of range, or a command without `tty`
   */
  resize(size: TerminalSize): void
  catch<T = never>(onRejected: (error: unknown) => T | PromiseLike<T>): Promise<ExecResult<O> | T>
  finally(onFinally: () => void): Promise<ExecResult<O>>
  /** Kills it and waits for its end; never rejects. */
  [Symbol.asyncDispose](): Promise<void>
}
