import assert from 'node:assert/strict'
import { boundaryTests } from './isolation-boundary.js'
import { detachTests } from './isolation-detach.js'
import { IsolationBench, type IsolationTest } from './isolation-bench.js'
import { commandTests } from './isolation-commands.js'
import { featureTests } from './isolation-features.js'
import { fileTests } from './isolation-files.js'
import { hostileRootTests } from './isolation-hostile-roots.js'
import { lifetimeTests } from './isolation-lifetime.js'
import { planTests } from './isolation-plan.js'
import { terminalTests } from './isolation-terminals.js'
import { testManifest, type DriverFactory } from './manifest-tests.js'
import { defineTest, type TestApi } from './test-api.js'

/** What the suite of an isolation driver needs to know. */
export interface IsolationSuiteOptions {
  readonly driver: DriverFactory<'isolation'>
  /**
   * Default true. False: its containers run on another machine, so that what can only be seen from this one is skipped:
   * left-over processes and mounts, binds of host directories.
   */
  readonly local?: boolean
}

const groups: readonly (readonly [title: string, tests: readonly IsolationTest[]])[] = [
  ['commands', commandTests],
  ['boundary', boundaryTests],
  ['hostile roots', hostileRootTests],
  ['lifetime', lifetimeTests],
  ['files', fileTests],
  ['detached containers', detachTests],
  ['plans', planTests],
  ['features', featureTests],
  ['terminals', terminalTests],
]

/**
 * Conformance of an isolation driver: real containers in a root made of a static busybox, which has to be on this host.
 * @param api the functions of the test runner; some tests take seconds
 */
export function testIsolationDriver(api: TestApi, options: IsolationSuiteOptions): void {
  api.describe('as an isolation driver', () => {
    let bench: IsolationBench | undefined
    const open = async (): Promise<IsolationBench> =>
      (bench ??= await IsolationBench.open(options.driver(), options.local ?? true))
    api.after(async () => bench?.close())

    testManifest(api, 'isolation', options.driver)
    defineTest(api, 'declares features that the engine then supports', async () => {
      const { engine, driver } = await open()
      assert.deepEqual([...engine.supports.features].toSorted(), driver.features.toSorted())
    })
    api.describe('commands in a container that stays', () => {
      let kept: IsolationBench | undefined
      for (const test of commandTests) {
        defineTest(api, `${test.title} (in a container that stays)`, async () => {
          const opened = await open()
          opened.needsWorkingDriver()
          kept ??= await opened.kept()
          await test.run(kept)
        })
      }
    })
    for (const [title, tests] of groups) {
      api.describe(title, () => {
        for (const test of tests) {
          defineTest(api, test.title, async () => {
            const opened = await open()
            opened.needsWorkingDriver()
            await test.run(opened)
          })
        }
      })
    }
  })
}
