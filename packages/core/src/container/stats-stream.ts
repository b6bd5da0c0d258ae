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
  const nap = new Nap()
  const forget = source.onEnd(nap.over)
  // once for all waits: many streams may share a signal
  signal?.addEventListener('abort', nap.over)
  try {
    let next = performance.now()
    for (;;) {
      if (signal?.aborted === true) return
      const stats = source.read()
      if (stats === undefined) return
      yield stats
      // those that a slow reader missed are left out
      const now = performance.now()
      next += intervalMs * Math.max(1, Math.ceil((now - next) / intervalMs))
      await nap.take(next - now)
    }
  } finally {
    forget()
    signal?.removeEventListener('abort', nap.over)
  }
}

/** A wait that may be cut short; once it was, there are no more. */
class Nap {
  #wake: () => void = () => {}
  #stop: () => void = () => {}
  #over = false

  readonly over = (): void => {
    this.#over = true
    this.#stop()
    this.#wake()
  }

  take(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#over) return resolve()
      this.#wake = resolve
      this.#stop = ticker.after(ms, () => {
        resolve()
        return undefined
      })
      return undefined
    })
  }
}
