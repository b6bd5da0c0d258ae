import {
  CaissonError,
  defineDriver,
  type Account,
  type ContainerNotice,
  type ContainerStats,
  type Driver,
  type LimitKey,
  type LimitRequest,
  type LimitSupports,
  type ParsedLimits,
} from '@caisson/core'

/** A limiter that counts, tells, changes and kills in memory. */
export class CountingLimiter {
  readonly requests: LimitRequest[] = []
  readonly updates: ParsedLimits[] = []
  readonly log: string[] = []
  account: Account = { source: 'fake', cpuMs: 40, userMs: 30, systemMs: 10, peakMemory: 5000 }
  usedMs = 0
  supports: LimitSupports | undefined
  works = true
  /** Called before an update; may throw. */
  beforeUpdate: (limits: ParsedLimits) => void = () => undefined
  tell: (notice: ContainerNotice) => void = () => undefined
  held = 0
  samples = 0

  stats(): ContainerStats {
    this.samples++
    return { timeMs: this.samples, source: 'fake', cpu: {}, memory: {}, pids: {} }
  }

  driver<const L extends LimitKey>(
    name: string,
    limits: readonly L[],
  ): Driver<'limiter', L, 'account' | 'stats' | 'update' | 'kill' | 'watch'> {
    return defineDriver({
      kind: 'limiter',
      name,
      apiVersion: 1,
      limits,
      features: ['account', 'stats', 'update', 'kill', 'watch'],
      probe: async () => ({
        ok: this.works,
        missing: this.works ? [] : [{ what: 'a tree', fix: 'plant one' }],
        degraded: [],
        facts: {},
        ...(this.supports === undefined ? {} : { limits: this.supports }),
      }),
      create: () => ({ acquire: async (request) => this.#lease(request) }),
    })
  }

  #lease(request: LimitRequest) {
    this.requests.push(request)
    this.held++
    let limits = request.limits
    let released = false
    return {
      get enforced() {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keys of limits are limits
        return Object.keys(limits) as LimitKey[]
      },
      get effective() {
        return limits
      },
      amendment: {},
      reason: () => undefined,
      account: () => this.account,
      cpuTimeMs: () => this.usedMs,
      stats: () => this.stats(),
      update: async (changed: ParsedLimits) => {
        this.beforeUpdate(changed)
        this.updates.push(changed)
        limits = { ...limits, ...changed }
        return { notes: [`${request.scope} changed`] }
      },
      killAll: async () => undefined,
      watch: (tell: (notice: ContainerNotice) => void) => {
        this.tell = tell
      },
      release: async () => {
        if (released) return
        released = true
        this.held--
        this.log.push(`release ${request.scope}`)
        // what the notification missed comes now
        if (request.scope === 'container') this.tell({ kind: 'oom', what: 'counted late' })
      },
    }
  }
}

/** The error of a limiter that cannot. */
export function limitRefused(): CaissonError {
  return new CaissonError({ code: 'ERR_LIMIT_BELOW_USAGE', what: 'memory', field: 'limits.memory' })
}
