import {
  createEngine,
  type Container,
  type Engine,
  type Exec,
  type ExecResult,
  type Feature,
  type LimitKey,
  type Probe,
  type RunOptions,
  type Spec,
} from '@caisson/core'
import { Scope } from '@caisson/core/di'
import assert from 'node:assert/strict'
import { makeKitRoot, type KitRoot } from './kit-root.js'
import { kitRootfs } from './kit-rootfs.js'
import type { AnyDriver } from './manifest-tests.js'
import { skip } from './test-api.js'

/** What the tests of the isolation suite share: an engine with the driver, and a root on disk. */
export class IsolationBench {
  readonly driver: AnyDriver<'isolation'>
  readonly root: KitRoot
  readonly engine: Engine
  readonly probe: Probe
  /** False: containers do not run on this host, so that nothing can be seen from outside. */
  readonly local: boolean
  /** Starts a command: in a container of its own, or in the one of `kept`. */
  readonly start: (argv: readonly string[], options?: RunOptions) => Exec

  private constructor(
    driver: AnyDriver<'isolation'>,
    root: KitRoot,
    engine: Engine,
    probe: Probe,
    local: boolean,
    start = (argv: readonly string[], options?: RunOptions) => engine.run(argv, options),
  ) {
    this.driver = driver
    this.root = root
    this.engine = engine
    this.probe = probe
    this.local = local
    this.start = start
  }

  static async open(driver: AnyDriver<'isolation'>, local: boolean): Promise<IsolationBench> {
    const root = makeKitRoot()
    await using scope = Scope.root()
    const probe = await driver.probe(scope)
    const engine = await createEngine({
      rootfs: kitRootfs(root.path),
      isolation: driver,
      defaults: { from: 'kit:' },
    })
    const bench = new IsolationBench(driver, root, engine, probe, local)
    if (probe.ok) await bench.#checkRoot()
    return bench
  }

  /** What the suite does in containers would hurt a host: before anything else, see that it is in its own root. */
  async #checkRoot(): Promise<void> {
    try {
      const { stdout } = await this.run(['/bin/cat', '/etc/canary'])
      assert.equal(stdout, 'as it was\n', 'commands run in the root that was lent')
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** The same, but what is started runs in one container that stays. */
  async kept(): Promise<IsolationBench> {
    const { driver, root, engine, probe, local } = this
    const container = await this.create()
    const start = ([command = '', ...args]: readonly string[], options: RunOptions = {}): Exec =>
      container.exec(command, args, options)
    return new IsolationBench(driver, root, engine, probe, local, start)
  }

  async close(): Promise<void> {
    await this.engine[Symbol.asyncDispose]()
    this.root.remove()
  }

  /** Ends the test when the driver's own probe says that it cannot work here. */
  needsWorkingDriver(): void {
    if (this.probe.ok) return
    const missing = this.probe.missing.map(({ what, fix }) => `${what} (${fix})`)
    skip(`${this.driver.name} does not work here: ${missing.join('; ')}`)
  }

  /** Ends the test when containers are out of sight. */
  needsLocal(): void {
    if (!this.local) skip('containers of this driver do not run on this host')
  }

  has(feature: Feature): boolean {
    return this.driver.features.includes(feature)
  }

  run(argv: readonly string[], options: RunOptions = {}): PromiseLike<ExecResult> {
    return this.start(argv, options)
  }

  /** Runs a script, and gives its lines; it must end well. */
  async lines(script: string, options: RunOptions = {}): Promise<string[]> {
    const result = await this.start(['/bin/sh', '-c', script], options)
    const { reason, exitCode, signal } = result
    const context = `${script}\n${JSON.stringify({ reason, exitCode, signal })}\n${result.stderr}`
    assert.ok(result.ok, context)
    const text = result.stdout
    return text === '' ? [] : text.replace(/\n$/, '').split('\n')
  }

  /** Runs a script and gives its one line. */
  async line(script: string, options: RunOptions = {}): Promise<string> {
    const lines = await this.lines(script, options)
    assert.equal(lines.length, 1, `one line of ${script}, not ${JSON.stringify(lines)}`)
    return lines[0] ?? ''
  }

  create(spec: Spec = {}): Promise<Container<LimitKey, Feature>> {
    return this.engine.create(spec)
  }

  /** How many user ids a container has: 1 for a user without subordinate ids. */
  async idCount(): Promise<number> {
    const map = await this.lines('cat /proc/self/uid_map')
    return map.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0)
  }
}

/** One test of the isolation suite. */
export interface IsolationTest {
  readonly title: string
  /** Whether it runs although the driver's probe says that the driver does not work here. */
  readonly always?: boolean
  run(bench: IsolationBench): Promise<void>
}
