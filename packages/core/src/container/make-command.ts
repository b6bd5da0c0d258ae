import type { Command } from '../contracts/process.js'
import type { Amendment } from '../contracts/resource-limiter.js'
import type { ContainerSpec } from '../spec/container-spec.js'
import { environment } from '../spec/parse-env.js'
import type { ParsedExec } from '../spec/parse-exec-options.js'
import type { CommandIo } from './launch.js'

/** A command as isolation drivers take it: what the options do not say is the container's. */
export function makeCommand(
  argv: readonly string[],
  spec: ContainerSpec,
  options: ParsedExec,
  io: CommandIo,
  amendments: readonly Amendment[],
): Command {
  const user = options.user ?? spec.user
  const { tty } = io
  const env = environment(user, spec.env, options.env)
  const hasTerm = tty === undefined || env.some((entry) => entry.startsWith('TERM='))
  return {
    argv,
    env: hasTerm ? env : Object.freeze([...env, 'TERM=xterm-256color']),
    cwd: options.cwd ?? spec.cwd,
    user,
    groups: options.groups ?? spec.groups,
    stdin: io.stdin,
    stdout: io.stdout,
    stderr: io.stderr,
    maxOutputBytes: options.maxOutputBytes,
    amendments,
    reportStart: io.reportStart,
    ...(tty === undefined ? {} : { tty }),
  }
}
