import type { ContainerStep, LaunchCommand } from '@caisson/core'
import { CaissonError, encodeSteps } from '@caisson/core'
import type { RequestTypes } from './protocol.generated.js'
import { stdio } from './protocol.generated.js'
import { encodeStartSteps } from './start-steps.js'

/** The launcher takes frames of up to 64 MiB; no kernel takes that much argv. */
const MAX_REQUEST_BYTES = 60 * 1024 * 1024
const NOTHING = new Uint8Array(0)

/** What `start` and `exec` say of a command. */
export type CommandRequest = Pick<
  RequestTypes['exec'],
  'steps' | 'report' | 'stdin' | 'input' | 'stdout' | 'stderr' | 'maxOutput'
>

/**
 * A command as fields of a request.
 * @throws CaissonError ERR_ARGV_TOO_LARGE, ERR_INVALID_SPEC
 */
export function commandRequest(command: LaunchCommand): CommandRequest {
  const { stdin, stdout, stderr } = command
  const streams = stdin.kind === 'stream' || stdout === 'stream' || stderr === 'stream'
  const steps = encodeStartSteps(command)
  const input = stdin.kind === 'bytes' ? stdin.bytes : NOTHING
  if (steps.length + input.length > MAX_REQUEST_BYTES) {
    throw new CaissonError({
      code: 'ERR_ARGV_TOO_LARGE',
      what: 'command',
      why: `arguments, environment and input bytes are ${steps.length + input.length} bytes`,
      fix: 'Pass large input as a stream.',
    })
  }
  return {
    steps,
    report: command.reportStart || streams ? 1 : 0,
    stdin: stdio[stdin.kind],
    input,
    stdout: stdio[stdout],
    stderr: command.tty === undefined ? stdio[stderr] : stdio.terminal,
    maxOutput: BigInt(command.maxOutputBytes),
  }
}

/** What a `start` says when the container comes up without a command. */
export function noCommand(steps: readonly ContainerStep[]): CommandRequest {
  return {
    steps: steps.length === 0 ? NOTHING : encodeSteps(steps, 'container'),
    report: 0,
    stdin: stdio.null,
    input: NOTHING,
    stdout: stdio.null,
    stderr: stdio.null,
    maxOutput: 0n,
  }
}
