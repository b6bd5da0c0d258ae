import type { Driver } from '../contracts/driver.js'
import type { Feature } from '../contracts/features.js'
import type { Amendment, LimitLease, ResourceLimiter } from '../contracts/resource-limiter.js'
import { CaissonError } from '../errors/caisson-error.js'
import { suppress } from '../errors/suppress.js'
import type { LimitVerdict } from '../result/decide-reason.js'
import type { LimitKey, Limits } from '../spec/limits.js'
import { UndoStack } from './undo-stack.js'

/** A limiter and what it declares. */
export interface LimiterEntry {
  readonly driver: Driver<'limiter'>
  readonly limiter: ResourceLimiter
}

/** Which limiter enforces what. */
export interface LimitPlan {
  readonly parts: readonly { readonly limiter: ResourceLimiter; readonly limits: Limits }[]
  /** What nobody enforces, where that is allowed. */
  readonly degraded: readonly string[]
}

/** Limits taken hold of. */
export interface HeldLimits {
  readonly leases: readonly LimitLease[]
  readonly amendments: readonly Amendment[]
  readonly verdicts: readonly LimitVerdict[]
  readonly enforced: readonly LimitKey[]
  /** Never rejects: says what failed. */
  release(): Promise<readonly unknown[]>
}

const nothing: readonly never[] = Object.freeze([])
const none: Limits = Object.freeze({})
const noPlan: LimitPlan = Object.freeze({ parts: nothing, degraded: nothing })

/** Limits of nobody. */
export const noLimits: HeldLimits = Object.freeze({
  leases: nothing,
  amendments: nothing,
  verdicts: nothing,
  enforced: nothing,
  release: async () => nothing,
})

/** What a router does about limits. */
export interface LimitPolicy {
  /** Limits for every container that does not name them; one that nobody enforces shows in `degraded`. */
  readonly defaults: Limits
  /** `throw`: ERR_UNSUPPORTED for a limit that nobody enforces; `warn`: it shows in `degraded`. */
  readonly onUnsupported: 'throw' | 'warn'
  readonly warn: (error: CaissonError) => void
}

/** Hands each limit to the first limiter that declares it. */
export class LimitRouter {
  readonly #entries: readonly LimiterEntry[]
  readonly #policy: LimitPolicy
  readonly #defaults: LimitPlan
  /** Every limit that some limiter declares. */
  readonly declared: ReadonlySet<LimitKey>

  constructor(entries: readonly LimiterEntry[], policy: LimitPolicy) {
    this.#entries = entries
    this.#policy = policy
    this.declared = new Set(entries.flatMap(({ driver }) => driver.limits))
    this.#defaults = this.#assign(policy.defaults, new Set())
  }

  /**
   * Who enforces what, for a container (the engine's defaults added) or for a command alone.
   * @param tolerated limits that may be missing although they are asked for; then they show in `degraded`
   * @throws CaissonError ERR_UNSUPPORTED naming the limit
   */
  plan(
    asked: Limits,
    scope: 'container' | 'command',
    tolerated: readonly string[] = nothing,
  ): LimitPlan {
    const keys = Object.keys(asked)
    const wanted = keys.filter((key) => !tolerated.includes(key))
    if (scope === 'command') return keys.length === 0 ? noPlan : this.#assign(asked, new Set(keys))
    if (keys.length === 0) return this.#defaults
    return this.#assign({ ...this.#policy.defaults, ...asked }, new Set(wanted))
  }

  /**
   * The same for a container that stays: with the first limiter that can freeze, and all that watch, although none of their
   * limits was asked for. What the types promise is then there.
   */
  withFeatures(plan: LimitPlan): LimitPlan {
    const used = new Set(plan.parts.map(({ limiter }) => limiter))
    const can = (feature: Feature) =>
      this.#entries.filter(({ driver }) => driver.features.includes(feature))
    const freezers = can('freeze')
    const frozen = freezers.some(({ limiter }) => used.has(limiter))
    const wanted = [...(frozen ? [] : freezers.slice(0, 1)), ...can('watch')]
    const more = [...new Set(wanted.map(({ limiter }) => limiter))].filter((it) => !used.has(it))
    if (more.length === 0) return plan
    const parts = more.map((limiter) => ({ limiter, limits: none }))
    return { ...plan, parts: [...plan.parts, ...parts] }
  }

  #assign(limits: Limits, asked: ReadonlySet<string>): LimitPlan {
    const parts = new Map<ResourceLimiter, Record<string, unknown>>()
    const degraded: string[] = []
    for (const [key, value] of Object.entries(limits)) {
      const entry = this.#entries.find(({ driver }) => driver.limits.some((limit) => limit === key))
      if (entry === undefined) {
        if (asked.has(key)) this.#unsupported(key)
        degraded.push(`limits.${key} is not enforced: no limiter of this engine declares it`)
        continue
      }
      const part = parts.get(entry.limiter)
      if (part === undefined) parts.set(entry.limiter, { [key]: value })
      else part[key] = value
    }
    // in the order of the limiters, whatever the order of the keys: it is also the order of their verdicts
    const ordered = this.#entries.flatMap(({ limiter }) => {
      const part = parts.get(limiter)
      return part === undefined ? [] : [{ limiter, limits: Object.freeze(part) }]
    })
    return {
      parts: ordered,
      degraded,
    }
  }

  #unsupported(key: string): void {
    const have = this.#entries.map(({ driver }) => `${driver.name} (${driver.limits.join(', ')})`)
    const error = new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'limit not enforceable',
      subject: key,
      field: `limits.${key}`,
      why:
        have.length === 0 ? 'this engine has no limiter' : `none of ${have.join(', ')} declares it`,
      fix: `Add a limiter that declares \`${key}\` to \`limiters\` of createEngine(), or leave the limit out.`,
      driver: this.#entries.map(({ driver }) => driver.name).join(', ') || undefined,
    })
    if (this.#policy.onUnsupported === 'throw') throw error
    this.#policy.warn(error)
  }
}

/** Takes hold of limits; when one fails, of none. */
export async function holdLimits(
  plan: LimitPlan,
  id: string,
  scope: 'container' | 'command',
): Promise<HeldLimits> {
  if (plan.parts.length === 0) return noLimits
  const leases: LimitLease[] = []
  const undo = new UndoStack()
  try {
    for (const { limiter, limits } of plan.parts) {
      const lease = await limiter.acquire({ id, scope, limits })
      leases.push(lease)
      undo.push(() => lease.release())
    }
  } catch (error) {
    suppress(error, await undo.run())
    throw error
  }
  return {
    leases,
    amendments: leases.map((lease) => lease.amendment),
    verdicts: leases.map((lease) => (end) => lease.reason(end)),
    enforced: leases.flatMap((lease) => lease.enforced),
    release: () => undo.run(),
  }
}
