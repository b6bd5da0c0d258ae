import { supportOf, supportsOf } from '../container/judge-limit.js'
import type { Driver } from '../contracts/driver.js'
import type { LimitSupport } from '../contracts/limit-support.js'
import type { Probe } from '../contracts/probe.js'
import { limitKeys } from '../spec/parse-limits.js'

/** What a limit is worth in an engine on this host, and who enforces it. */
export type LimitReport = LimitSupport & {
  /** Who enforces it or, where nobody can, who would. Absent: no driver declares it. */
  readonly driver?: string
}

const ranks: Readonly<Record<LimitSupport['level'], number>> = {
  enforced: 0,
  'best-effort': 1,
  unsupported: 2,
}

function undeclared(key: string): LimitReport {
  return {
    level: 'unsupported',
    why: 'no driver of this engine declares it',
    fix: `Add a limiter that declares \`${key}\` to \`limiters\` of createEngine().`,
  }
}

/**
 * By limit, and by field where that is worth something else than its limit. The engine routes alike: the first driver that
 * enforces it, else the first that does what it can.
 * @param probes of the drivers, in the same order; isolation drivers before limiters
 */
export function reportLimits(
  drivers: readonly Driver[],
  probes: readonly Probe[],
): Readonly<Record<string, LimitReport>> {
  const able = drivers.flatMap((driver, index) => {
    const probe = probes[index]
    if (driver.limits.length === 0 || probe === undefined) return []
    return [{ driver, supports: supportsOf(driver, probe) }]
  })
  const fields = able.flatMap(({ supports }) => Object.keys(supports ?? {}))
  const declared = able.flatMap(({ driver }) => [...driver.limits])
  const names = [...new Set<string>([...limitKeys, ...declared, ...fields])].toSorted()
  return Object.fromEntries(
    names.map((name) => {
      const [key = ''] = name.split('.')
      const [best] = able
        .filter(({ driver }) => driver.limits.some((limit) => limit === key))
        .map(({ driver, supports }) => ({ ...supportOf(supports, name), driver: driver.name }))
        .toSorted((a, b) => ranks[a.level] - ranks[b.level])
      return [name, Object.freeze(best ?? undeclared(key))]
    }),
  )
}
