import type { Driver } from '@caisson/core'
import type { Scope } from '@caisson/core/di'
import { cgroupV1 } from '@caisson/driver-cgroupv1'
import { cgroupV2 } from '@caisson/driver-cgroupv2'
import { rlimits } from '@caisson/driver-rlimits'
import type { PassedOverDriver } from './picked.js'

/** Limiters that the preset tries, the best first; of control groups one kind is enough. */
const groups = [cgroupV2, cgroupV1] as const

/** Every limiter that an engine of the preset may have. */
export type DefaultLimiter = ReturnType<(typeof groups)[number]> | ReturnType<typeof rlimits>

/** The limiters taken, and the account of it. */
export interface LimiterPick {
  readonly drivers: readonly Driver<'limiter'>[]
  readonly passedOver: readonly PassedOverDriver[]
}

/**
 * The first kind of control groups that works here, by its probe and never by a version, and rlimits, which work everywhere
 * and come last. What neither can do on this host is refused when it is asked for.
 */
export async function pickLimiters(scope: Scope): Promise<LimiterPick> {
  const passedOver: PassedOverDriver[] = []
  for (const make of groups) {
    const driver = make()
    const { ok, missing } = await driver.probe(scope)
    if (ok) return { drivers: [driver, rlimits()], passedOver }
    passedOver.push({ name: driver.name, missing })
  }
  return { drivers: [rlimits()], passedOver }
}
