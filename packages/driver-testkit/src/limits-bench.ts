import {
  createEngine,
  isCaissonError,
  type CaissonError,
  type Container,
  type Driver,
  type Engine,
  type ExecResult,
  type Feature,
  type LimitKey,
  type LimitLease,
  type Limits,
  type Probe,
  type ResourceLimiter,
  type RunOptions,
  type Spec,
} from '@caisson/core'
import { Scope } from '@caisson/core/di'
import assert from 'node:assert/strict'
import { groupsOf } from './group-list.js'
import { makeKitRoot, type KitRoot } from './kit-root.js'
import { kitRootfs } from './kit-rootfs.js'
import type { AnyDriver, DriverFactory } from './manifest-tests.js'
import { skipForced } from './test-api.js'
import { until } from './until.js'

/** What is tested, and with what. */
export interface LimitsBenchOptions {
  readonly driver: DriverFactory<'limiter'>
  readonly isolation: DriverFactory<'isolation'>
  /**
   * Groups, or whatever else a limiter holds on the host, of a process: what must be gone when it is done. Default: control
   * groups below /sys/fs/cgroup with a name that has `caisson-<pid>-` in it.
   */
  readonly groups?: (pid: number) => readonly string[]
  /**
   * Absolute path of a module that exports `driver` and `isolation`, the same as above: for what happens when another
   * process or thread ends. Without it these assertions are left out.
   */
  readonly module?: string
  /**
   * How long to wait for what a limiter should bring about, in milliseconds, and to repeat measurements that the rest of the
   * machine may have spoilt. Default 30000.
   */
  readonly patienceMs?: number
}

/** A limiter whose leases can be got hold of. */
function spyOn(driver: AnyDriver<'limiter'>, leases: Map<string, LimitLease>): Driver<'limiter'> {
  return Object.freeze({
    ...driver,
    create: (scope: Scope): ResourceLimiter => {
      const limiter = driver.create(scope)
      return {
        async acquire(request) {
          const lease = await limiter.acquire(request)
          if (request.scope === 'container') leases.set(request.id, lease)
          return lease
        },
      }
    },
  })
}

/** What the assertions share: an engine with the limiter, and what its probe said. */
export class LimitsBench {
  readonly driver: AnyDriver<'limiter'>
  readonly engine: Engine
  readonly root: KitRoot
  readonly module: string | undefined
  readonly patienceMs: number
  readonly #probe: Probe
  readonly #leases: Map<string, LimitLease>
  readonly #groups: (pid: number) => readonly string[]

  private constructor(
    options: LimitsBenchOptions,
    engine: Engine,
    root: KitRoot,
    probe: Probe,
    leases: Map<string, LimitLease>,
  ) {
    this.driver = options.driver()
    this.engine = engine
    this.root = root
    this.module = options.module
    this.patienceMs = options.patienceMs ?? 30_000
    this.#probe = probe
    this.#leases = leases
    this.#groups = options.groups ?? groupsOf
  }

  static async open(options: LimitsBenchOptions): Promise<LimitsBench> {
    const root = makeKitRoot()
    const leases = new Map<string, LimitLease>()
    await using scope = Scope.root()
    const probe = await options.driver().probe(scope)
    const engine = await createEngine({
      rootfs: kitRootfs(root.path),
      isolation: options.isolation(),
      limiters: [spyOn(options.driver(), leases)],
      defaults: { from: 'kit:' },
    })
    return new LimitsBench(options, engine, root, probe, leases)
  }

  async close(): Promise<void> {
    await this.engine[Symbol.asyncDispose]()
    this.root.remove()
  }

  /** Ends the test where the limiter's own probe says that it, or one of the fields, does not work on this host. */
  needs(...fields: readonly string[]): void {
    if (!this.#probe.ok) {
      const missing = this.#probe.missing.map(({ what, fix }) => `${what} (${fix})`)
      skipForced(`${this.driver.name} does not work here: ${missing.join('; ')}`)
    }
    const lacking = fields.map((field) => this.lacks(field)).find((why) => why !== undefined)
    if (lacking !== undefined) skipForced(lacking)
  }

  /** Why a field is not enforced here, by manifest and probe; undefined when it is. */
  lacks(field: string): string | undefined {
    const [key = ''] = field.split('.')
    const { limits, name } = this.driver
    if (!limits.some((limit) => limit === key)) return `${name} does not declare ${key}`
    const supports = this.#probe.limits ?? {}
    for (const named of [key, field]) {
      const support = Object.hasOwn(supports, named) ? supports[named] : undefined
      if (support?.level === 'unsupported') return `${name}: ${named}: ${support.why}`
      if (support?.level === 'best-effort') return `${name}: ${named} is best-effort`
    }
    return undefined
  }

  /** Waits until it is so; a failure when that takes longer than any machine needs. */
  until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
    return until(what, done, this.patienceMs)
  }

  has(feature: Feature): boolean {
    return this.driver.features.includes(feature)
  }

  /** Groups of this process that are there now. */
  groups(pid = process.pid): readonly string[] {
    return this.#groups(pid)
  }

  /** A script in a container of its own. A limit that is not enforced must fail the test, not stop it for ever. */
  run(script: string, limits: Limits, options: RunOptions = {}): PromiseLike<ExecResult> {
    return this.engine.run(['/bin/sh', '-c', script], { timeout: '60s', ...options, limits })
  }

  create(limits: Limits, spec: Spec = {}): Promise<Container<LimitKey, Feature>> {
    return this.engine.create({ ...spec, limits })
  }

  /** What this limiter holds for a container that stays. */
  lease({ id }: { readonly id: string }): LimitLease {
    const lease = this.#leases.get(id)
    assert.ok(lease !== undefined, 'the limiter is taken hold of')
    return lease
  }

  /** A limit that the driver declares, and that does not hurt what the assertions run. */
  get harmless(): Limits {
    if (this.lacks('memory') === undefined) return { memory: '64MiB' }
    return this.lacks('openFiles') === undefined ? { openFiles: 64 } : {}
  }
}

/** The error that something rejects with; a failure when it does not. */
export async function errorOf(work: PromiseLike<unknown>): Promise<CaissonError> {
  try {
    await work
  } catch (error) {
    if (isCaissonError(error)) return error
    throw error
  }
  return assert.fail('it must be refused')
}

/** One of the assertions. */
export interface LimitsTest {
  /** Its number in the list of docs/drivers.md. */
  readonly number: number
  /** What is asserted, with the figures. */
  readonly title: string
  /** Limits and features without which, in the manifest, it says nothing about a limiter. */
  readonly limits?: readonly LimitKey[]
  readonly features?: readonly Feature[]
  /** Whether it needs `module`. */
  readonly module?: boolean
  run(bench: LimitsBench): Promise<void>
}
