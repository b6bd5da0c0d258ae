import type { Amendment, Driver, LimitLease, LimitRequest, ResourceLimiter } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { testLimiter } from '@caisson/driver-testkit'
import { cgroupV1, pivotRoot } from 'caisson'
import { expect } from 'chai'
import { fileURLToPath } from 'node:url'
import { collect } from '#testkit-test/collect.js'

type Lease = LimitLease
type Acquire = (request: LimitRequest) => Promise<Lease>

/** A lease with some of its members replaced. */
function altered(lease: Lease, changes: Partial<Lease>): Lease {
  return new Proxy(lease, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name) as unknown
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** A limiter that does what the real one does, but for one thing. */
function broken(alter: (real: Acquire) => Acquire): () => Driver<'limiter'> {
  return () => {
    const driver = cgroupV1()
    const create = (scope: Scope): ResourceLimiter => {
      const real = driver.create(scope)
      // what it is handed as the container's lease must be its own
      const inner = new WeakMap<Lease, Lease>()
      const acquire = alter((request) => {
        const { container, ...rest } = request
        const own = container === undefined ? undefined : (inner.get(container) ?? container)
        return real.acquire(own === undefined ? rest : { ...rest, container: own })
      })
      return {
        async acquire(request) {
          const lease = await acquire(request)
          const target = originals.get(lease)
          if (target !== undefined) inner.set(lease, target)
          return lease
        },
      }
    }
    return Object.freeze({ ...driver, create }) as Driver<'limiter'>
  }
}

const originals = new WeakMap<Lease, Lease>()

/** Each lease altered alike. */
const everywhere =
  (changes: (lease: Lease, request: LimitRequest) => Partial<Lease>) =>
  (real: Acquire): Acquire =>
  async (request) => {
    const lease = await real(request)
    const made = altered(lease, changes(lease, request))
    originals.set(made, lease)
    return made
  }

const nothing: Amendment = {}

/** What was not released, for somebody to do so in the end. */
const kept: Lease[] = []
const keep = (lease: Lease): Partial<Lease> => {
  kept.push(lease)
  return { release: () => Promise.resolve() }
}

/** What is wrong with it, how the title of the assertion that must notice begins, and how it is done. */
const faults: readonly (readonly [string, number | string, (real: Acquire) => Acquire])[] = [
  ['claims a memory limit and sets none', 1, everywhere(() => ({ amendment: nothing }))],
  [
    'counts no kill for want of memory',
    1,
    everywhere((lease) => ({
      account: (end) => ({ ...lease.account?.(end), source: 'cgroup1', oomKills: 0 }),
      reason: () => undefined,
    })),
  ],
  [
    'counts a kill that was none',
    2,
    everywhere((lease) => ({
      account: (end) => ({ ...lease.account?.(end), source: 'cgroup1', oomKills: 1 }),
    })),
  ],
  ['calls it oom when only a child was killed', 3, everywhere(() => ({ reason: () => 'oom' }))],
  ['claims a limit of processes and sets none', 4, everywhere(() => ({ amendment: nothing }))],
  ['claims a limit of CPUs and sets none', '5 0.05', everywhere(() => ({ amendment: nothing }))],
  [
    'forgets weights',
    '6 weights',
    (real) => (request) => {
      const { cpu, ...rest } = request.limits
      const { weight: _, ...others } = cpu ?? {}
      return real({ ...request, limits: { ...rest, cpu: others } })
    },
  ],
  [
    'says that it changed a limit of CPUs, and did not',
    7,
    everywhere(() => ({ update: () => Promise.resolve({ notes: [] }) })),
  ],
  [
    'lowers memory without looking at what is in use',
    8,
    everywhere((lease) => ({
      update: async (limits) => lease.update?.(limits, 'kill') ?? { notes: [] },
    })),
  ],
  [
    'says that it lowered the processes, and did not',
    9,
    everywhere(() => ({ update: () => Promise.resolve({ notes: ['done'] }) })),
  ],
  [
    'has counters that fall',
    10,
    everywhere((lease) => {
      let samples = 0
      return {
        stats() {
          const stats = lease.stats?.() ?? { timeMs: 0, source: '', cpu: {}, memory: {}, pids: {} }
          const usageNs = samples++ === 25 ? 1 : (stats.cpu.usageNs ?? 0)
          return { ...stats, cpu: { ...stats.cpu, usageNs } }
        },
      }
    }),
  ],
  ['freezes nothing', 11, everywhere(() => ({ freeze: () => Promise.resolve() }))],
  ['kills nobody', 12, everywhere(() => ({ killAll: () => Promise.resolve() }))],
  ['keeps groups of containers', 13, everywhere(keep)],
  [
    'misses every third kill',
    14,
    (real) => {
      let kills = 0
      const miss = everywhere((lease) => ({
        account(end) {
          const account = lease.account?.(end)
          const missed = (account?.oomKills ?? 0) > 0 && ++kills % 3 === 0
          return { ...account, source: 'cgroup1', ...(missed ? { oomKills: 0 } : {}) }
        },
        reason: () => undefined,
      }))
      return miss(real)
    },
  ],
  [
    'forgets the limits of the container',
    15,
    (real) => (request) =>
      real(request.scope === 'container' ? { ...request, limits: {} } : request),
  ],
  [
    'forgets block devices',
    18,
    (real) => (request) => {
      const { io: _, ...limits } = request.limits
      return real({ ...request, limits })
    },
  ],
  ['keeps groups of commands', 19, everywhere(keep)],
  [
    'takes what no host can give',
    20,
    (real) => (request) => real(request).catch(() => real({ ...request, limits: {} })),
  ],
  [
    'counts all containers together',
    23,
    (real) => {
      let first: Lease | undefined
      const share = everywhere((lease, { scope }) => {
        if (scope !== 'container') return {}
        const shared = (first ??= lease)
        const none = { timeMs: 0, source: '', cpu: {}, memory: {}, pids: {} }
        return { stats: () => shared.stats?.() ?? none }
      })
      return share(real)
    },
  ],
]

describe('the assertions about limiters', function () {
  this.timeout(120_000)
  before(async function () {
    await using scope = Scope.root()
    const { missing } = await cgroupV1().probe(scope)
    if (missing.length === 0) return
    console.log(`skipped: ${missing.map(({ what }) => what).join('; ')}`)
    this.skip()
  })

  // commands before their containers
  afterEach(async () => {
    for (const lease of kept.splice(0).toReversed()) await lease.release()
  })

  for (const [what, number, alter] of faults) {
    it(`#${number} notice one that ${what}`, async () => {
      const options = { driver: broken(alter), isolation: pivotRoot, patienceMs: 1500 }
      const outcomes = await collect(
        (api) => testLimiter(api, options),
        (title) => title.startsWith(`#${number} `),
      )
      const failed = outcomes.filter(({ error }) => error !== undefined)
      expect(failed.length, JSON.stringify(outcomes)).to.be.greaterThan(0)
    })
  }

  it('#21 notice one that is refused without saying why', async () => {
    const module = fileURLToPath(new URL('./mute-limiter.js', import.meta.url))
    const outcomes = await collect(
      (api) => testLimiter(api, { driver: cgroupV1, isolation: pivotRoot, module }),
      (title) => title.startsWith('#21 '),
    )
    expect(outcomes[0]?.error).to.have.property('message').that.includes('ERR_LIMIT_DELEGATION')
  })
})
