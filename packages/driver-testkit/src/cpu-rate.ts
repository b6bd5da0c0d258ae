import type { Limits } from '@caisson/core'
import type { LimitsBench } from './limits-bench.js'

/** Uses all CPU time it gets. On one CPU, that all burners share: then ratios are the kernel's, whatever else runs. */
export const BURN = 'exec taskset 1 sh -c "while :; do :; done"'

/** How often a measurement may be spoilt by what else the machine does. Each is judged by a measurement of the same instant. */
const TRIES = 4

/** CPUs' worth of time that burners with these limits got, side by side for that long, each in a container of its own. */
export async function ratesOf(
  bench: LimitsBench,
  seconds: number,
  ...limits: readonly Limits[]
): Promise<number[]> {
  const running = limits.map((each) => bench.run(BURN, each, { timeout: `${seconds}s` }))
  const results = await Promise.all(running)
  return results.map(({ usage }) => usage.cpuMs / usage.wallMs)
}

/**
 * Measures until what was measured holds, a few times: a machine that is busy with something else may spoil one measurement,
 * a limit that does not hold spoils all.
 * @param judge why it does not hold; undefined: it does
 */
export async function measured(
  measure: () => Promise<readonly number[]>,
  judge: (rates: readonly number[]) => string | undefined,
): Promise<void> {
  const seen: string[] = []
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const rates = await measure()
    const why = judge(rates)
    if (why === undefined) return
    seen.push(`${rates.map((rate) => rate.toFixed(3)).join(', ')}: ${why}`)
  }
  throw new Error(`in ${TRIES} measurements: ${seen.join('; ')}`)
}
