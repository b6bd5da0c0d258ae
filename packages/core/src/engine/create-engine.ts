import { EventHub } from '../container/event-hub.js'
import type { Driver } from '../contracts/driver.js'
import { assemble } from './assemble.js'
import { EngineHandle } from './engine-handle.js'
import type { Engine, EngineEvents } from './engine.js'
import type {
  EngineOptions,
  FeaturesOf,
  LimitsOf,
  RootfsOf,
  RootfsOption,
} from './engine-options.js'

/**
 * Makes an engine of drivers. Nothing is started: the first `run` or `create` does that.
 * @throws CaissonError ERR_DRIVER (a wrong driver, two for one scheme), ERR_DI (a dependency is missing),
 * ERR_INVALID_SPEC, ERR_LIMIT_RANGE (options)
 */
export function createEngine<
  const R extends RootfsOption,
  const I extends Driver<'isolation'>,
  const M extends readonly Driver<'limiter'>[] = readonly [],
>(
  options: EngineOptions<R, I, M>,
): Promise<Engine<LimitsOf<I | M[number]>, FeaturesOf<RootfsOf<R> | I | M[number]>>>
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const events = new EventHub<EngineEvents>()
  const parts = assemble(options, (error) => events.emit('warning', error))
  return new EngineHandle(parts, events)
}
