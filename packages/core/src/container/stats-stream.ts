import type { StatsOptions } from '../contracts/features.js'
import type { ContainerStats } from '../result/container-stats.js'
import { checkFields } from '../spec/check-fields.js'
import { maxTimeoutMs } from '../spec/parse-container-spec.js'
import { parseSignal } from '../spec/parse-signal.js'
import { parseDuration } from '../values/parse-duration.js'
import { ticker } from './ticker.js'

const fields: ReadonlySet<string> = new Set(['interval', 'signal'])

/** What statistics come from. */
export interface StatsSource {
  /** undefined: there are no more. */
  read(): ContainerStats | undefined
  /** Calls back when there are no more; returns what takes that back. */
  onEnd(ended: () => void): () => void
}

/** One now, and one every interval. @throws TypeError or RangeError ERR_INVALID_SPEC */
export function statsStream(
  source: StatsSource,
  options: StatsOptions = {},
): AsyncIterable<ContainerStats> {
  const given = checkFields(options, 'options', fields)
  const range = { min: 10, max: maxTimeoutMs }
  const intervalMs = parseDuration(given['interval'] ?? 1000, 'options.interval', range)
  const signal = parseSignal(given['signal'])
  return { [Symbol.asyncIterator]: () => iterate(source, intervalMs, signal) }
}

async function* iterate(
  source: StatsSource,
  intervalMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<ContainerStats> {
  let next = performance.now()
  for (;;) {
    if (signal?.aborted === true) return
    const stats = source.read()
    if (stats === undefined) return
    yield stats
    // those that a slow reader missed are left out
    const now = performance.now()
    next += intervalMs * Math.max(1, Math.ceil((now - next) / intervalMs))
    await waitFor(next - now, source, signal)
  }
}

/** Until then, or until there are no more. */
async function waitFor(
  ms: number,
  source: StatsSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = ticker.after(ms, () => {
      done()
      return undefined
    })
    const done = (): void => {
      stop()
      forget()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const forget = source.onEnd(done)
    signal?.addEventListener('abort', done, { once: true })
  })
}
