import { availableParallelism } from 'node:os'
import type { HeldPart } from './held-limits.js'
import { ticker } from './ticker.js'

const MIN_WAIT_MS = 10
const MAX_WAIT_MS = 1000

/** The limit as it is now: an update may have changed it. */
function limitOf({ lease, limits }: HeldPart): number | undefined {
  return lease.effective?.cpuTime ?? limits.cpuTime
}

/** Milliseconds that cannot be used up sooner, all CPUs taken together. */
function waitFor(leftMs: number): number {
  return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, leftMs / availableParallelism()))
}

/**
 * Watches the CPU time of what leases hold, where they count it and have a limit for it.
 * @param changes whether a limit may come later
 * @returns what ends the watch
 */
export function watchCpuTime(
  parts: readonly HeldPart[],
  changes: boolean,
  exceeded: () => void,
): () => void {
  const stops = parts
    .filter(({ lease }) => lease.cpuTimeMs !== undefined)
    .map((part) => {
      const look = (): number | undefined => {
        const limit = limitOf(part)
        // one may still come by an update
        if (limit === undefined) return MAX_WAIT_MS
        const left = limit - usedBy(part)
        if (left > 0) return waitFor(left)
        exceeded()
        return undefined
      }
      const limit = limitOf(part)
      if (limit === undefined && !(changes && part.lease.update !== undefined)) return undefined
      return ticker.after(limit === undefined ? MAX_WAIT_MS : waitFor(limit), look)
    })
  return () => {
    for (const stop of stops) stop?.()
  }
}

/** What cannot be read any more has ended, and its end says what it used. */
function usedBy({ lease }: HeldPart): number {
  try {
    return lease.cpuTimeMs?.() ?? 0
  } catch {
    return 0
  }
}
