import { isCaissonError } from '../errors/is-caisson-error.js'
import type { ExecResult } from '../result/exec-result.js'
import { makeResult, noUsage } from '../result/make-result.js'
import { decodeOutput, type Output } from './decode-output.js'

/**
 * The result of a command that is not there (127) or cannot be executed (126), with the line that a shell would print;
 * undefined for any other error.
 */
export function notExecuted(
  error: unknown,
  name: string,
  encoding: 'utf8' | 'buffer',
  degraded: readonly string[],
): ExecResult<Output> | undefined {
  if (!isCaissonError(error)) return undefined
  const missing = error.code === 'ERR_COMMAND_NOT_FOUND'
  if (!missing && error.code !== 'ERR_COMMAND_NOT_EXECUTABLE') return undefined
  const where = name.includes('/') ? '' : ' in PATH'
  // an isolation driver that can tell says so in the name of the call
  const found = error.syscall?.includes('interpreter') === true
  const absent = found ? 'found, but not its interpreter' : `not found${where}`
  const why = missing ? absent : `cannot be executed (${error.errno ?? 'EACCES'})`
  return makeResult<Output>({
    reason: 'exit',
    exitCode: missing ? 127 : 126,
    signal: null,
    stdout: decodeOutput(new Uint8Array(0), encoding),
    stderr: decodeOutput(Buffer.from(`caisson: ${name}: ${why}\n`), encoding),
    truncated: { stdout: false, stderr: false },
    usage: noUsage,
    enforced: [],
    protections: [],
    effective: {},
    degraded,
    error,
  })
}
