import type { ExecResult, RunOptions } from '@caisson/core'
import type { RlimitKey } from '@caisson/driver-rlimits'
import { createEngine } from './create-engine.js'
import type { PresetEngine } from './preset-engine.js'

let shared: Promise<PresetEngine<RlimitKey>> | undefined

// One for all callers, so that the launcher is started once. It is never disposed: an idle engine does not keep Node
// alive, and what it holds ends with Node.
async function sharedEngine(): Promise<PresetEngine<RlimitKey>> {
  shared ??= createEngine()
  try {
    return await shared
  } catch (error) {
    shared = undefined
    throw error
  }
}

/**
 * Runs one command in a container of its own, on an engine of the preset that is made at the first call and shared.
 * For streams, events and containers that stay: `createEngine()`.
 * @param options of the container and the command; default root `host:`
 * @throws CaissonError the codes of `createEngine` and of `engine.run`
 */
export function run(
  argv: readonly string[],
  options: RunOptions<RlimitKey> & { readonly encoding: 'buffer' },
): Promise<ExecResult<Uint8Array>>
export function run(argv: readonly string[], options?: RunOptions<RlimitKey>): Promise<ExecResult>
export async function run(
  argv: readonly string[],
  options?: RunOptions<RlimitKey>,
): Promise<ExecResult<string | Uint8Array>> {
  const engine = await sharedEngine()
  return engine.run(argv, options)
}
