import { setTimeout as sleep } from 'node:timers/promises'
import type { WaitProbe } from './probe.js'

// Twice as long each time: what is there soon is seen soon, and what takes long costs little
const firstMs = 10
const longestMs = 250

/**
 * Looks at once, 10 ms later, and then after twice as long each time, up to 250 ms, until it is there.
 * @param saw told what was seen instead
 * @throws whatever a look throws, and the signal's reason
 */
export async function waitUntil(
  probe: WaitProbe,
  signal: AbortSignal,
  saw: (what: string) => void,
): Promise<void> {
  for (let pauseMs = firstMs; ; pauseMs = Math.min(2 * pauseMs, longestMs)) {
    signal.throwIfAborted()
    const sight = await probe.look(signal)
    if (sight === true) return
    // what an interrupted look saw says nothing
    signal.throwIfAborted()
    saw(sight)
    await sleep(pauseMs, undefined, { signal })
  }
}
