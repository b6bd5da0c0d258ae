import {
  CaissonError,
  outOfRange,
  suppress,
  type Amendment,
  type EndReason,
  type Launcher,
  type LimitLease,
  type ParsedLimits,
  type ProcessEnd,
  type Updated,
} from '@caisson/core'
import { checkAgainstHost } from './check-host.js'
import type { HostLimits } from './host-limits.js'
import { rlimitReason } from './rlimit-reason.js'
import {
  kernelPairs,
  RLIMIT_KEYS,
  RLIMITS,
  type RlimitKey,
  type RlimitPair,
} from './rlimit-table.js'

type Own = ParsedLimits<RlimitKey>

/** What running processes are reached by. */
export interface LiveRlimits {
  /** Absent: this engine's launcher cannot. */
  readonly limit: Launcher['limit']
}

function refuseForeign(limits: ParsedLimits): void {
  const keys: readonly string[] = RLIMIT_KEYS
  for (const [key, value] of Object.entries(limits)) {
    if (keys.includes(key) || value === undefined) continue
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'limit',
      subject: key,
      why: `rlimits does not enforce it, only ${keys.join(', ')}`,
      driver: 'rlimits',
      field: `limits.${key}`,
    })
  }
}

function amendmentOf(pairs: ReadonlyMap<RlimitKey, RlimitPair>): Amendment {
  const process = [...pairs].map(([key, pair]) =>
    Object.freeze({ op: 'rlimit' as const, resource: RLIMITS[key].resource, ...pair }),
  )
  return Object.freeze({ process: Object.freeze(process) })
}

function cannotReach(key: RlimitKey, why: string): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'limit not changeable',
    subject: key,
    field: `limits.${key}`,
    why,
    fix: 'Give it when the container is made, or to a command by exec().',
    driver: 'rlimits',
  })
}

/** Steps, and nothing to give back. Only that of a container that stays is ever changed. */
export class RlimitLease implements LimitLease {
  readonly durable = true
  readonly #host: HostLimits
  readonly #live: LiveRlimits
  #limits: Own
  #pairs: ReadonlyMap<RlimitKey, RlimitPair>
  #amendment: Amendment
  #enforced: readonly RlimitKey[]
  #pid: number | undefined

  /** @throws CaissonError ERR_LIMIT_RANGE, ERR_UNSUPPORTED */
  constructor(limits: Own, host: HostLimits, live: LiveRlimits = { limit: undefined }) {
    refuseForeign(limits)
    this.#host = host
    this.#live = live
    this.#limits = limits
    this.#pairs = kernelPairs(limits)
    for (const [key, pair] of this.#pairs) checkAgainstHost(key, pair, host)
    this.#amendment = amendmentOf(this.#pairs)
    this.#enforced = Object.freeze([...this.#pairs.keys()])
  }

  get enforced(): readonly RlimitKey[] {
    return this.#enforced
  }

  get amendment(): Amendment {
    return this.#amendment
  }

  get effective(): Own {
    return this.#limits
  }

  reason(end: ProcessEnd): EndReason | undefined {
    const cpu = this.#pairs.get('cpuTime')
    const cpuTimeMs = cpu === undefined ? undefined : Number(cpu.soft) * 1000
    return rlimitReason({ cpuTimeMs, fileSize: this.#pairs.has('fileSize') }, end)
  }

  attach(pid: number): Promise<void> {
    this.#pid = pid
    return Promise.resolve()
  }

  async update(limits: ParsedLimits): Promise<Updated> {
    refuseForeign(limits)
    const pairs = kernelPairs(limits)
    for (const [key, pair] of pairs) this.#checkRaise(key, pair)
    await this.#apply(pairs)
    this.#limits = Object.freeze({ ...this.#limits, ...limits })
    this.#pairs = kernelPairs(this.#limits)
    this.#amendment = amendmentOf(this.#pairs)
    this.#enforced = Object.freeze([...this.#pairs.keys()])
    return { notes: [] }
  }

  release(): Promise<void> {
    return Promise.resolve()
  }

  /** Nobody without the capability raises a hard limit again that was lowered. */
  #checkRaise(key: RlimitKey, pair: RlimitPair): void {
    checkAgainstHost(key, pair, this.#host)
    const now = this.#pairs.get(key)
    if (now === undefined || pair.hard <= now.hard || this.#host.mayRaise) return
    throw outOfRange({
      field: `limits.${key}`,
      why: 'the processes that run have a lower hard limit, and this process lacks CAP_SYS_RESOURCE',
      fix: 'Make the container with `{ soft, hard }`, and move `soft` below `hard`.',
      code: 'ERR_LIMIT_RANGE',
    })
  }

  /** To the processes that run; commands to come have the steps. */
  async #apply(pairs: ReadonlyMap<RlimitKey, RlimitPair>): Promise<void> {
    const { limit } = this.#live
    const pid = this.#pid
    const [first] = pairs.keys()
    if (first === undefined) return
    if (pid === undefined)
      throw cannotReach(
        first,
        'processes of a detached container belong to a launcher of their own, which does not change it; those of control ' +
          'groups can be changed',
      )
    if (limit === undefined)
      throw cannotReach(first, 'the launcher of this engine cannot change it')
    const done: RlimitKey[] = []
    try {
      for (const [key, pair] of pairs) {
        await limit(pid, { resource: RLIMITS[key].resource, ...pair })
        done.push(key)
      }
    } catch (error) {
      for (const key of done) {
        const pair = this.#pairs.get(key)
        if (pair === undefined) continue
        await limit(pid, { resource: RLIMITS[key].resource, ...pair }).catch((later: unknown) =>
          suppress(error, [later]),
        )
      }
      throw error
    }
  }
}
