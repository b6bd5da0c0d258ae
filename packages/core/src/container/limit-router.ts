import type { Driver } from '../contracts/driver.js'
import type { Feature } from '../contracts/features.js'
import type { LimitSupports } from '../contracts/limit-support.js'
import type { ResourceLimiter } from '../contracts/resource-limiter.js'
import type { CaissonError } from '../errors/caisson-error.js'
import { withoutFields } from '../spec/limit-fields.js'
import type { LimitKey } from '../spec/limits.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import { judgeField, undeclared, unsupportedField, type FieldVerdict } from './judge-limit.js'

/** A limiter and what it declares. */
export interface LimiterEntry {
  readonly driver: Driver<'limiter'>
  readonly limiter: ResourceLimiter
}

/** What one limiter is to enforce. */
export interface LimitPart {
  readonly limiter: ResourceLimiter
  readonly limits: ParsedLimits
}

/** Which limiter enforces what. */
export interface LimitPlan {
  readonly parts: readonly LimitPart[]
  /** Enforced by the isolation driver, out of the spec. */
  readonly isolation: ParsedLimits
  /** What nobody enforces, or not strictly, where that is allowed. */
  readonly degraded: readonly string[]
}

const ignore = (): void => {}
const nothing: readonly never[] = Object.freeze([])
const none: ParsedLimits = Object.freeze({})
const noPlan: LimitPlan = Object.freeze({ parts: nothing, isolation: none, degraded: nothing })

/** What a router does about limits. */
export interface LimitPolicy {
  /** Limits for every container that does not name them; one that nobody enforces shows in `degraded`. */
  readonly defaults: ParsedLimits
  /** `throw`: ERR_UNSUPPORTED for a limit that nobody enforces; `warn`: it shows in `degraded`. */
  readonly onUnsupported: 'throw' | 'warn'
  /** `always`: every command is counted; `limited`: those of whom a limiter that counts enforces a limit. */
  readonly account: 'always' | 'limited'
  readonly warn: (error: CaissonError) => void
}

type Scope = 'container' | 'command' | 'one-shot' | 'update'

/** What each scope takes hold of limiters for although none of their limits was asked for. */
const wanted: Readonly<
  Record<Scope, { readonly first: readonly Feature[]; readonly all: readonly Feature[] }>
> = {
  container: { first: ['freeze', 'account', 'stats', 'kill'], all: ['watch', 'update'] },
  command: { first: ['account'], all: [] },
  'one-shot': { first: ['account'], all: [] },
  update: { first: [], all: [] },
}

/** Whether the engine's default limits are not for it. */
const own = (scope: Scope): boolean => scope === 'command' || scope === 'update'

/** More than the limit: a floor may count less exactly, and must not come before who counts. */
function floorUnder(cpuTimeMs: unknown): number {
  return Math.ceil(Number(cpuTimeMs) * 1.25) + 1000
}

/** Hands each limit to the first limiter that declares it and can enforce it here. */
export class LimitRouter {
  readonly #entries: readonly LimiterEntry[]
  readonly #isolation: Driver<'isolation'>
  readonly #policy: LimitPolicy
  readonly #probe: (driver: Driver) => Promise<LimitSupports | undefined>
  readonly #supports = new Map<Driver, LimitSupports | undefined>()
  readonly #unasked = new Map<Scope, LimitPlan>()
  #probing: Promise<void> | undefined
  #probed = false
  /** Every limit that some driver declares. */
  readonly declared: ReadonlySet<LimitKey>

  /** @param probe what a driver's limits are worth here; never rejects */
  constructor(
    entries: readonly LimiterEntry[],
    isolation: Driver<'isolation'>,
    policy: LimitPolicy,
    probe: (driver: Driver) => Promise<LimitSupports | undefined>,
  ) {
    this.#entries = entries
    this.#isolation = isolation
    this.#policy = policy
    this.#probe = probe
    this.declared = new Set([
      ...isolation.limits,
      ...entries.flatMap(({ driver }) => driver.limits),
    ])
  }

  /** Removes what dead processes left of limits. Never rejects: says what failed. */
  async sweep(): Promise<readonly unknown[]> {
    const sweeps = this.#entries.map(async ({ limiter }) => limiter.sweep?.())
    const swept = await Promise.allSettled(sweeps)
    return swept.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  }

  /**
   * Refuses at once what no driver declares.
   * @param tolerated limits that may be missing although they are asked for; they show in `degraded` then
   * @throws CaissonError ERR_UNSUPPORTED naming the limit
   */
  check(asked: ParsedLimits, tolerated: readonly string[] = nothing): void {
    if (this.#policy.onUnsupported === 'warn') return
    const key = Object.keys(asked).find(
      (name) => !tolerated.includes(name) && !this.#declares(name),
    )
    if (key !== undefined) throw undeclared(key, this.#drivers)
  }

  /**
   * Who enforces what: of a container or one-shot with the engine's defaults, of a command and an update their own alone. A promise
   * until the drivers have been asked once what they can do here.
   * @param tolerated as of `check`
   * @param counted of a command: a limiter that counts enforces limits of its container
   * @throws CaissonError ERR_UNSUPPORTED naming the field
   */
  plan(
    asked: ParsedLimits,
    scope: Scope,
    tolerated: readonly string[] = nothing,
    counted = false,
  ): LimitPlan | Promise<LimitPlan> {
    const kind = scope === 'command' && !counted && this.#thrifty ? 'update' : scope
    if (this.#probed) return this.#plan(asked, kind, tolerated)
    this.#probing ??= this.#probeAll()
    const planned = this.#probing.then(() => this.#plan(asked, kind, tolerated))
    // a command that is given up before it is opened waits for no plan
    planned.catch(ignore)
    return planned
  }

  get #thrifty(): boolean {
    return this.#policy.account === 'limited'
  }

  async #probeAll(): Promise<void> {
    // an isolation driver that works can do what it declares
    const drivers = this.#entries.map(({ driver }) => driver)
    const found = await Promise.all(drivers.map((driver) => this.#probe(driver)))
    for (const [index, driver] of drivers.entries()) this.#supports.set(driver, found[index])
    this.#probed = true
  }

  get #drivers(): readonly Driver[] {
    return [this.#isolation, ...this.#entries.map(({ driver }) => driver)]
  }

  #plan(asked: ParsedLimits, scope: Scope, tolerated: readonly string[]): LimitPlan {
    const keys = Object.keys(asked)
    if (keys.length > 0) {
      const all = own(scope) ? asked : { ...this.#policy.defaults, ...asked }
      const required = new Set(keys.filter((key) => !tolerated.includes(key)))
      return this.#withFeatures(this.#assign(all, required), scope)
    }
    let plan = this.#unasked.get(scope)
    if (plan === undefined) {
      const limits = own(scope) ? noPlan : this.#assign(this.#policy.defaults, new Set())
      plan = this.#withFeatures(limits, scope)
      this.#unasked.set(scope, plan)
    }
    return plan
  }

  /** With the limiters that are wanted for what else they can; what the types promise is then there. */
  #withFeatures(plan: LimitPlan, scope: Scope): LimitPlan {
    const used = new Set(plan.parts.map(({ limiter }) => limiter))
    const can = (feature: Feature): LimiterEntry[] =>
      this.#entries.filter(({ driver }) => driver.features.includes(feature))
    const { first, all } = wanted[scope]
    // one that serves anyway is as good as the first
    for (const feature of first) {
      if (scope === 'one-shot' && this.#thrifty) continue
      const able = can(feature)
      const entry = able.find(({ limiter }) => used.has(limiter)) ?? able[0]
      if (entry !== undefined) used.add(entry.limiter)
    }
    for (const feature of all) for (const { limiter } of can(feature)) used.add(limiter)
    if (used.size === plan.parts.length) return plan
    const parts = this.#entries
      .filter(({ limiter }) => used.has(limiter))
      .map(
        ({ limiter }) =>
          plan.parts.find((part) => part.limiter === limiter) ?? { limiter, limits: none },
      )
    return { ...plan, parts }
  }

  #assign(limits: ParsedLimits, asked: ReadonlySet<string>): LimitPlan {
    const parts = new Map<Driver, Record<string, unknown>>()
    const degraded: string[] = []
    for (const [key, value] of Object.entries(limits)) {
      for (const { driver, limit, notes } of this.#choose(key, value, asked.has(key))) {
        degraded.push(...notes)
        if (driver === undefined) continue
        const part = parts.get(driver)
        if (part === undefined) parts.set(driver, limit)
        else Object.assign(part, limit)
      }
    }
    return {
      // in the order of the limiters, whatever the order of the keys: it is also the order of their verdicts
      parts: this.#entries.flatMap(({ driver, limiter }) => {
        const part = parts.get(driver)
        return part === undefined ? [] : [{ limiter, limits: Object.freeze(part) }]
      }),
      isolation: parts.get(this.#isolation) ?? none,
      degraded,
    }
  }

  /**
   * Who enforces one limit: the first that can; of `cpuTime` all that can, since a floor under each process costs nothing
   * and holds between two samples.
   */
  #choose(
    key: string,
    value: unknown,
    asked: boolean,
  ): readonly {
    readonly driver: Driver | undefined
    readonly limit: Record<string, unknown>
    readonly notes: readonly string[]
  }[] {
    const able = this.#drivers.filter(({ limits }) => limits.some((limit) => limit === key))
    const limit = { [key]: value }
    const judged = able.map((driver) => ({
      driver,
      verdicts: judgeField(driver, this.#supports.get(driver), limit),
    }))
    const strict = judged.filter(({ verdicts }) => verdicts.length === 0)
    const [best] = strict.length > 0 ? strict : judged
    if (best === undefined) {
      const error = undeclared(key, this.#drivers)
      this.#refuse(error, asked)
      const notes = [`limits.${key} is not enforced: no driver of this engine declares it`]
      return [{ driver: undefined, limit, notes }]
    }
    if (strict.length > 0) {
      const chosen = key === 'cpuTime' ? strict : [best]
      return chosen.map(({ driver }, index) => ({
        driver,
        limit: index === 0 ? { ...limit } : { [key]: floorUnder(value) },
        notes: nothing,
      }))
    }
    return [this.#weaken(best.driver, limit, best.verdicts, asked)]
  }

  /** As much of a limit as its driver can do, where that is allowed. */
  #weaken(
    driver: Driver,
    limit: ParsedLimits,
    verdicts: readonly FieldVerdict[],
    asked: boolean,
  ): {
    readonly driver: Driver
    readonly limit: Record<string, unknown>
    readonly notes: readonly string[]
  } {
    for (const verdict of verdicts) this.#refuse(unsupportedField(driver, verdict), asked)
    const missing = verdicts
      .filter(({ level }) => level === 'unsupported')
      .map(({ field }) => field)
    return {
      driver,
      limit: { ...withoutFields(limit, new Set(missing)) },
      notes: verdicts.map(({ field, level, why }) =>
        level === 'unsupported'
          ? `limits.${field} is not enforced: ${why}`
          : `limits.${field} is enforced as far as possible only: ${why}`,
      ),
    }
  }

  #declares(key: string): boolean {
    return this.#drivers.some(({ limits }) => limits.some((limit) => limit === key))
  }

  /** Defaults are for hosts of every kind: what one of them lacks shows in results, and is no error. */
  #refuse(error: CaissonError, asked: boolean): void {
    if (!asked) return
    if (this.#policy.onUnsupported === 'throw') throw error
    this.#policy.warn(error)
  }
}
