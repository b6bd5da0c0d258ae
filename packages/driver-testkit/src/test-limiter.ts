import {
  createEngine,
  parseLimits,
  type Engine,
  type ExecResult,
  type LimitKey,
  type Limits,
  type ResourceLimiter,
} from '@caisson/core'
import { Scope } from '@caisson/core/di'
import assert from 'node:assert/strict'
import { rejection } from './expectations.js'
import { makeKitRoot, type KitRoot } from './kit-root.js'
import { kitRootfs } from './kit-rootfs.js'
import { testLimiterFeatures } from './limiter-features.js'
import { limitProbes, type LimitProbe } from './limit-probes.js'
import { testAssertions } from './limiter-assertions.js'
import type { LimitsBenchOptions } from './limits-bench.js'
import { testManifest } from './manifest-tests.js'
import { defineTest, skip, skipForced, type TestApi } from './test-api.js'

/** What is tested: the limiter, and any isolation driver that works here, since limits are shown on real commands. */
export interface LimiterSuiteOptions extends LimitsBenchOptions {
  /** Probes for limits that the kit has none for, or better ones. */
  readonly probes?: Readonly<Partial<Record<LimitKey, LimitProbe>>>
}

/** Every limit there is, with a value that would do. */
const ANY_LIMITS: Readonly<Required<Limits>> = {
  memory: '64MiB',
  cpu: 1,
  cpuTime: '1s',
  pids: 64,
  processes: 64,
  openFiles: 64,
  fileSize: '1MiB',
  disk: '64MiB',
  io: { devices: [{ device: '/', readBps: '1MiB' }] },
  hugetlb: { '2MB': '2MiB' },
  rdma: { mlx4_0: { handles: 1 } },
  misc: { sev: 1 },
  unified: { 'memory.low': '0' },
  stack: '1MiB',
  core: 0,
  addressSpace: '1GiB',
  data: '1GiB',
  lockedMemory: '1MiB',
  messageQueues: '1MiB',
  pendingSignals: 64,
  nice: 19,
  realtimePriority: 0,
  realtimeTime: '1s',
}

/** What one of the 23 assertions shows, by more than one script. */
const BY_ASSERTION: ReadonlySet<LimitKey> = new Set(['cpu', 'io'])

/** Values that no limit takes. */
const BAD_VALUES: readonly unknown[] = [
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 60,
  'much',
  '',
  '-1MiB',
  null,
  true,
  [],
]

/** What the tests share. */
class LimiterBench {
  readonly #options: LimiterSuiteOptions
  readonly #scope = Scope.root()
  readonly limiter: ResourceLimiter
  #root: KitRoot | undefined
  #engine: Engine | undefined

  constructor(options: LimiterSuiteOptions) {
    this.#options = options
    this.limiter = options.driver().create(this.#scope)
  }

  async engine(): Promise<Engine> {
    this.#root ??= makeKitRoot()
    this.#engine ??= await createEngine({
      rootfs: kitRootfs(this.#root.path),
      isolation: this.#options.isolation(),
      limiters: [this.#options.driver()],
      defaults: { from: 'kit:' },
    })
    return this.#engine
  }

  async needsWorkingDrivers(): Promise<void> {
    for (const driver of [this.#options.driver(), this.#options.isolation()]) {
      await using scope = Scope.root()
      const { missing } = await driver.probe(scope)
      if (missing.length === 0) continue
      const why = `${driver.name}: ${missing.map(({ what }) => what).join('; ')}`
      // a limiter that says so itself is not to be had here; an isolation driver that works was asked for
      if (driver.kind === 'limiter') skipForced(why)
      skip(why)
    }
  }

  /** Ends the test where the limiter's own probe says that this host lacks the limit. */
  async needsLimit(key: LimitKey): Promise<void> {
    await using scope = Scope.root()
    const { limits = {} } = await this.#options.driver().probe(scope)
    const support = limits[key]
    if (support?.level === 'unsupported') skipForced(`${key}: ${support.why}`)
  }

  async run(script: string, limits: Limits): Promise<ExecResult> {
    const engine = await this.engine()
    // A limit that is not enforced must fail the test, not stop it for ever.
    return engine.run(['/bin/sh', '-c', script], { limits, timeout: '8s' })
  }

  async close(): Promise<void> {
    await this.#engine?.[Symbol.asyncDispose]()
    await this.#scope[Symbol.asyncDispose]()
    this.#root?.remove()
  }
}

function testEnforcement(
  api: TestApi,
  options: LimiterSuiteOptions,
  bench: () => LimiterBench,
): void {
  const probes = { ...limitProbes, ...options.probes }
  for (const key of options.driver().limits) {
    if (probes[key] === undefined && BY_ASSERTION.has(key)) continue
    defineTest(api, `really enforces ${key}, and says so in the result`, async () => {
      await bench().needsWorkingDrivers()
      await bench().needsLimit(key)
      const probe = probes[key]
      assert.ok(probe !== undefined, `the kit cannot show ${key}: pass probes.${key}`)
      const free = await bench().run(probe.freeScript ?? probe.script, {})
      probe.free(free)
      assert.ok(!free.enforced.includes(key))
      const bound = await bench().run(probe.script, probe.limits)
      probe.bound(bound)
      assert.ok(bound.enforced.includes(key))
    })
  }
}

function testRefusals(api: TestApi, options: LimiterSuiteOptions, bench: () => LimiterBench): void {
  defineTest(api, 'leaves limits that it does not declare to others', async () => {
    const engine = await bench().engine()
    const { limits } = options.driver()
    const others = options.isolation().limits
    const declared: ReadonlySet<string> = new Set([...others, ...limits])
    assert.deepEqual([...engine.supports.limits].toSorted(), [...declared].toSorted())
    for (const [key, value] of Object.entries(ANY_LIMITS)) {
      if (declared.has(key)) continue
      const running = engine.run(['/bin/true'], { limits: { [key]: value } })
      const error = await rejection(running, 'ERR_UNSUPPORTED')
      assert.equal(error.field, `limits.${key}`)
    }
  })

  for (const key of options.driver().limits) {
    defineTest(api, `refuses bad values of ${key} by code and field`, async () => {
      const engine = await bench().engine()
      for (const value of BAD_VALUES) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types refuse it, as they should
        const limits: Limits = { [key]: value as never }
        const context = `${key}: ${String(value)}`
        const codes = ['ERR_LIMIT_RANGE', 'ERR_INVALID_SPEC'] as const
        const running = await rejection(() => engine.run(['/bin/true'], { limits }), ...codes)
        assert.ok(running.field?.startsWith(`limits.${key}`), context)
      }
    })
  }
}

function testLeases(api: TestApi, options: LimiterSuiteOptions, bench: () => LimiterBench): void {
  const probes = { ...limitProbes, ...options.probes }
  const request = (scope: 'container' | 'command') => {
    let limits: Limits = {}
    for (const key of options.driver().limits) limits = { ...limits, ...probes[key]?.limits }
    return { id: 'kit', scope, limits: parseLimits(limits, 'limits') }
  }

  defineTest(
    api,
    'enforces all that is asked for together, and takes a lease back twice',
    async () => {
      await bench().needsWorkingDrivers()
      for (const scope of ['container', 'command'] as const) {
        const asked = request(scope)
        const lease = await bench().limiter.acquire(asked)
        assert.deepEqual(lease.enforced.toSorted(), Object.keys(asked.limits).toSorted())
        await lease.release()
        await lease.release()
      }
    },
  )

  defineTest(api, 'finds no reason in a command that ended well', async () => {
    await bench().needsWorkingDrivers()
    const lease = await bench().limiter.acquire(request('command'))
    const end = {
      pid: 2,
      exitCode: 0,
      signal: null,
      userMs: 1,
      systemMs: 1,
      peakMemoryBytes: 4096,
      wallMs: 3,
      stdout: new Uint8Array(),
      stderr: new Uint8Array(),
      stdoutTotal: 0,
      stderrTotal: 0,
    }
    assert.equal(lease.reason(end), undefined)
    await lease.release()
  })
}

/**
 * Conformance of a limiter: every limit it declares is shown to hold on real commands.
 * @param api the functions of the test runner; some tests take seconds
 */
export function testLimiter(api: TestApi, options: LimiterSuiteOptions): void {
  api.describe('as a limiter', () => {
    let bench: LimiterBench | undefined
    const get = (): LimiterBench => (bench ??= new LimiterBench(options))
    api.after(async () => bench?.close())

    testManifest(api, 'limiter', options.driver)
    testEnforcement(api, options, get)
    testRefusals(api, options, get)
    testLeases(api, options, get)
    testLimiterFeatures(api, options.driver, get)
    testAssertions(api, options)
  })
}
