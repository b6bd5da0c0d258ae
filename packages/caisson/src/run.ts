import type { ExecResult, RunOptions } from '@caisson/core'
import { createEngine, type DefaultIsolation } from './create-engine.js'
import type { PresetEngine } from './preset-engine.js'
import type { PresetLimits } from './preset-options.js'

/** Limits that the shared engine may enforce. */
export type DefaultLimits = PresetLimits<DefaultIsolation>

let shared: Promise<PresetEngine<DefaultLimits>> | undefined

// One for all callers, so that the launcher is started once. It is never disposed: an idle engine does not keep Node
// alive, and what it holds ends with Node.
async function sharedEngine(): Promise<PresetEngine<DefaultLimits>> {
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
  options: RunOptions<DefaultLimits> & { readonly encoding: 'buffer' },
): Promise<ExecResult<Uint8Array>>
export function run(
  argv: readonly string[],
  options?: RunOptions<DefaultLimits>,
): Promise<ExecResult>
export async function run(
  argv: readonly string[],
  options?: RunOptions<DefaultLimits>,
): Promise<ExecResult<string | Uint8Array>> {
  const engine = await sharedEngine()
  return engine.run(argv, options)
}
