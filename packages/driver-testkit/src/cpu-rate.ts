import { cpus } from 'node:os'
import type { Limits } from '@caisson/core'
import type { LimitsBench } from './limits-bench.js'

/** Uses all CPU time it gets, on one CPU: 0 or 1. */
export const burnOn = (cpu: 0 | 1): string =>
  `exec taskset ${cpu === 0 ? 1 : 2} sh -c "while :; do :; done"`

/** For one that has no limit, beside the one that has: a CPU of its own, where there are two. */
export const OTHER_CPU: 0 | 1 = cpus().length > 1 ? 1 : 0

/** How often a measurement may be spoilt by what else the machine does. Each is judged by a measurement of the same instant. */
const TRIES = 4

/** How often one is thrown away that cannot be: of a virtual machine whose host is busy, clocks run apart. */
const THROWN_AWAY = 4

/** Somewhat more than a CPU gives: two clocks are read one after the other. */
const MOST = 1.1

/** Something that burns CPU time in a container of its own. */
export interface Burner {
  readonly limits: Limits
  readonly cpu: 0 | 1
}

/** Whether these got more of a CPU than there is, which no limit allows: nothing was measured. */
function areTooMuch(seen: readonly number[], burners: readonly Burner[]): boolean {
  const given = [0, 0]
  for (const [index, { cpu }] of burners.entries())
    given[cpu] = (given[cpu] ?? 0) + (seen[index] ?? 0)
  return given.some((sum) => sum > MOST)
}

async function ratesOnce(
  bench: LimitsBench,
  seconds: number,
  burners: readonly Burner[],
): Promise<number[]> {
  const running = burners.map(({ limits, cpu }) =>
    bench.run(burnOn(cpu), limits, { timeout: `${seconds}s` }),
  )
  const results = await Promise.all(running)
  return results.map(({ usage }) => usage.cpuMs / usage.wallMs)
}

/** CPUs' worth of time that burners got, side by side for that long. */
export async function ratesOf(
  bench: LimitsBench,
  seconds: number,
  burners: readonly Burner[],
): Promise<number[]> {
  let seen = await ratesOnce(bench, seconds, burners)
  for (let n = 0; n < THROWN_AWAY && areTooMuch(seen, burners); n++) {
    seen = await ratesOnce(bench, seconds, burners)
  }
  return seen
}

/**
 * Measures until what was measured holds, a few times: a machine that is busy with something else may spoil one measurement,
 * a limit that does not hold spoils all.
 * @param judge why it does not hold; undefined: it does
 */
export async function measured(
  patienceMs: number,
  measure: () => Promise<readonly number[]>,
  judge: (rates: readonly number[]) => string | undefined,
): Promise<void> {
  const seen: string[] = []
  const start = performance.now()
  while (seen.length < TRIES && (seen.length === 0 || performance.now() - start < patienceMs)) {
    const rates = await measure()
    const why = judge(rates)
    if (why === undefined) return
    seen.push(`${rates.map((rate) => rate.toFixed(3)).join(', ')}: ${why}`)
  }
  throw new Error(`in ${seen.length} measurements: ${seen.join('; ')}`)
}
