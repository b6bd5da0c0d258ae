import type { ExecResult } from '../result/exec-result.js'
import { CaissonError } from './caisson-error.js'

function how(result: ExecResult<string | Uint8Array>): string {
  const { reason, exitCode, signal } = result
  if (reason === 'exit') return `exit code ${String(exitCode)}`
  const detail = signal ?? `exit code ${String(exitCode)}`
  return reason === 'signal' ? detail : `${reason} (${detail})`
}

function lastLine(output: string | Uint8Array): string {
  const text = typeof output === 'string' ? output : Buffer.from(output).toString('utf8')
  return text.trimEnd().split('\n').at(-1)?.slice(0, 200) ?? ''
}

/** What `unwrap()` throws. */
export class CommandFailed extends CaissonError {
  declare readonly code: 'ERR_COMMAND_FAILED'
  /** The result that was not ok. */
  readonly result: ExecResult<string | Uint8Array>

  constructor(result: ExecResult<string | Uint8Array>) {
    const line = lastLine(result.stderr)
    super({
      code: 'ERR_COMMAND_FAILED',
      what: 'command failed',
      subject: how(result),
      why: line,
      ...(result.error === undefined ? {} : { cause: result.error }),
    })
    this.result = result
  }

  override get name(): string {
    return 'CommandFailed'
  }
}
