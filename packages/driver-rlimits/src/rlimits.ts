import {
  defineDriver,
  LAUNCHER,
  type Driver,
  type Launcher,
  type LimitLease,
  type LimitRequest,
  type LimitSupports,
  type ParsedLimits,
  type Probe,
  type ResourceLimiter,
} from '@caisson/core'
import { optional } from '@caisson/core/di'
import { readHostLimits, type HostLimits } from './host-limits.js'
import { RlimitLease, type LiveRlimits } from './rlimit-lease.js'
import { RLIMIT_KEYS, RLIMITS, type RlimitKey } from './rlimit-table.js'
import { whyExempt } from './root-exempt.js'

/** Different sets of limits kept ready; a program uses a handful. */
const MAX_KEPT = 256

/** What makes two requests equal: parsed limits are plain data. */
function valueKey(limits: ParsedLimits<RlimitKey>): string {
  return JSON.stringify(limits)
}

class RlimitLimiter implements ResourceLimiter<RlimitKey> {
  readonly #live: LiveRlimits
  readonly #leases = new Map<string, LimitLease>()
  #host: HostLimits | undefined

  constructor(live: LiveRlimits) {
    this.#live = live
  }

  async acquire(request: LimitRequest<RlimitKey>): Promise<LimitLease> {
    // Once: what is started later inherits from the launcher, which started with these.
    this.#host ??= readHostLimits()
    // one that may change is nobody else's
    if (request.scope === 'container') {
      return new RlimitLease(request.limits, this.#host, this.#live)
    }
    const key = valueKey(request.limits)
    const kept = this.#leases.get(key)
    if (kept !== undefined) return kept
    const lease = new RlimitLease(request.limits, this.#host)
    if (this.#leases.size >= MAX_KEPT) this.#leases.clear()
    this.#leases.set(key, lease)
    return lease
  }
}

const supports: LimitSupports = Object.fromEntries(
  RLIMIT_KEYS.map((key) => [key, { level: 'enforced', note: RLIMITS[key].resolution } as const]),
)

async function probe(launcher: Launcher | undefined): Promise<Probe> {
  const host = readHostLimits()
  const processes = await whyExempt(launcher)
  const facts = RLIMIT_KEYS.map((key): [string, string] => {
    const hard = host.mayRaise ? undefined : host.hard.get(key)
    return [key, `${RLIMITS[key].resolution}; at most ${hard ?? 'unlimited'}`]
  })
  return {
    ok: true,
    missing: [],
    degraded: host.mayRaise ? [] : ['hard limits cannot be raised: no CAP_SYS_RESOURCE'],
    facts: Object.fromEntries(facts),
    limits: processes === undefined ? supports : { ...supports, processes },
  }
}

/**
 * Limits by setrlimit(2): they need no privilege and no cgroup, and hold for each process by itself (`processes`: for each
 * user id, and unsupported where containers run as the host's root by id, whom the kernel exempts). It has no `memory`: RLIMIT_AS limits addresses, and is offered as `addressSpace`.
 *
 * `acquire` rejects with ERR_LIMIT_RANGE for a value out of range, or above the hard limit of this process without
 * CAP_SYS_RESOURCE; the field is named (`limits.openFiles`). Nothing was started then.
 *
 * `update` changes processes that run and commands to come, for containers that stay and are not detached: the launcher does it
 * by prlimit(2), also those of processes that are forked meanwhile.
 *
 * Reasons: `cpu-time` after SIGXCPU, or SIGKILL once the CPU time is used up; `disk-limit` after SIGXFSZ. A limit that makes
 * system calls fail (`openFiles`, `processes`, `addressSpace`) ends no command by itself and gives no reason.
 */
export function rlimits(): Driver<'limiter', RlimitKey, 'update'> {
  return defineDriver({
    kind: 'limiter',
    name: 'rlimits',
    apiVersion: 1,
    limits: RLIMIT_KEYS,
    features: ['update'],
    inject: { launcher: optional(LAUNCHER) },
    probe: ({ launcher }) => probe(launcher),
    create: ({ launcher }) => new RlimitLimiter({ limit: launcher?.limit?.bind(launcher) }),
  })
}
