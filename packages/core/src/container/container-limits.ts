import type { Feature, StatsOptions, UpdateOptions, UpdateResult } from '../contracts/features.js'
import type { LimitLease } from '../contracts/resource-limiter.js'
import { CaissonError } from '../errors/caisson-error.js'
import type { ContainerStats } from '../result/container-stats.js'
import type { Limits } from '../spec/limits.js'
import { parseLimits } from '../spec/parse-limits.js'
import { checkFeature } from './check-feature.js'
import { watchCpuTime } from './cpu-clock.js'
import { holdLimits, type HeldLimits } from './held-limits.js'
import type { LimitPlan, LimitRouter } from './limit-router.js'
import type { StateMachine } from './state.js'
import { statsStream } from './stats-stream.js'
import { parseUpdateOptions, updateLimits } from './update-limits.js'

const ignore = (): void => {}

/** What the limits of one container need. */
export interface ContainerLimitsParts {
  readonly id: string
  readonly state: StateMachine
  readonly held: HeldLimits
  readonly router: LimitRouter
  readonly features: ReadonlySet<Feature>
  /** Its CPU time is used up. */
  readonly outOfTime: () => void
}

type Measured = LimitLease & Required<Pick<LimitLease, 'stats'>>

function canMeasure(lease: LimitLease): lease is Measured {
  return lease.stats !== undefined
}

/** Limits of a container that stays: what they count, and how they change. */
export class ContainerLimits {
  readonly #parts: ContainerLimitsParts
  #stopCpuClock: () => void
  readonly #onEnd = new Set<() => void>()
  #updating: Promise<void> = Promise.resolve()
  #commands = 0

  constructor(parts: ContainerLimitsParts) {
    this.#parts = parts
    this.#stopCpuClock = watchCpuTime(parts.held.parts, true, parts.outOfTime)
  }

  /** Whether a limiter that counts enforces one of its limits: why a command ended may then be known by counting alone. */
  get counted(): boolean {
    return this.#parts.held.parts.some(
      ({ lease, limits }) => lease.account !== undefined && Object.keys(limits).length > 0,
    )
  }

  /** Takes hold of a command's own. */
  async hold(plan: LimitPlan): Promise<HeldLimits> {
    const { id, held } = this.#parts
    this.#commands += 1
    const command = String(this.#commands)
    return holdLimits(plan, { id, scope: 'command', command, container: held })
  }

  async stats(): Promise<ContainerStats> {
    return this.#measured().stats()
  }

  statsStream(options?: StatsOptions): AsyncIterable<ContainerStats> {
    const lease = this.#measured()
    const source = {
      read: () => (this.#hasEnded() ? undefined : lease.stats()),
      onEnd: (ended: () => void) => {
        this.#onEnd.add(ended)
        return () => this.#onEnd.delete(ended)
      },
    }
    return statsStream(source, options)
  }

  async update(limits: Limits, options?: UpdateOptions): Promise<UpdateResult> {
    const { held, router, features, state } = this.#parts
    checkFeature(features, 'update', 'limits')
    const belowUsage = parseUpdateOptions(options)
    const asked = parseLimits(limits, 'limits', router.declared)
    const plan = await router.plan(asked, 'update')
    const before = this.#updating
    const updated = (async (): Promise<UpdateResult> => {
      // one after another: the second changes what the first left
      await before
      if (this.#hasEnded()) throw state.refuse('have its limits changed')
      return updateLimits(held, plan, belowUsage)
    })()
    this.#updating = updated.then(ignore, ignore)
    return updated
  }

  /** Something of it may run again. */
  began(): void {
    this.#stopCpuClock()
    this.#stopCpuClock = watchCpuTime(this.#parts.held.parts, true, this.#parts.outOfTime)
  }

  /** Nothing of the container runs any more. */
  ended(): void {
    this.#stopCpuClock()
    for (const tell of this.#onEnd) tell()
  }

  #hasEnded(): boolean {
    const { state } = this.#parts.state
    return state === 'stopped' || state === 'removed'
  }

  /** @throws CaissonError ERR_CONTAINER_STATE, ERR_UNSUPPORTED */
  #measured(): Measured {
    const { id, held, state } = this.#parts
    if (this.#hasEnded()) throw state.refuse('be measured')
    const lease = held.leases.find(canMeasure)
    if (lease !== undefined) return lease
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'statistics',
      subject: id.slice(0, 12),
      field: 'limiters',
      why: 'no limiter of this engine has the feature `stats`',
      fix: 'Add a limiter that counts to `limiters` of createEngine().',
    })
  }
}
