import { cpuTests } from './limits-cpu.js'
import { freezeTests } from './limits-freeze.js'
import { ioTests } from './limits-io.js'
import { lifetimeTests } from './limits-lifetime.js'
import { LimitsBench, type LimitsBenchOptions, type LimitsTest } from './limits-bench.js'
import { memoryTests } from './limits-memory.js'
import { pidsTests } from './limits-pids.js'
import { processTests } from './limits-processes.js'
import { refusalTests } from './limits-refusals.js'
import { statsTests } from './limits-stats.js'
import type { AnyDriver } from './manifest-tests.js'
import { defineTest, type TestApi } from './test-api.js'

/** The 23 assertions of docs/drivers.md; some have more than one test. */
const assertions: readonly LimitsTest[] = [
  ...memoryTests,
  ...pidsTests,
  ...cpuTests,
  ...statsTests,
  ...freezeTests,
  ...lifetimeTests,
  ...processTests,
  ...ioTests,
  ...refusalTests,
].toSorted((a, b) => a.number - b.number)

/** Why an assertion says nothing about a limiter, by its manifest; undefined: it does. */
function notFor(
  driver: AnyDriver<'limiter'>,
  options: LimitsBenchOptions,
  test: LimitsTest,
): string | undefined {
  const limit = test.limits?.find((key) => !driver.limits.includes(key))
  if (limit !== undefined) return `it does not declare ${limit}`
  const feature = test.features?.find((name) => !driver.features.includes(name))
  if (feature !== undefined) return `it does not have the feature ${feature}`
  const lacks = test.module === true && options.module === undefined
  return lacks ? 'the suite was given no `module`' : undefined
}

/** Defines those that concern the driver, and prints why others do not. */
export function testAssertions(api: TestApi, options: LimitsBenchOptions): void {
  const driver = options.driver()
  api.describe('limits and lifetime', () => {
    let opened: Promise<LimitsBench> | undefined
    const others: string[] = []
    api.before(async () => {
      for (const line of others) console.log(line)
    })
    api.after(async () => (await opened)?.close())
    for (const test of assertions) {
      const title = `#${test.number} ${test.title}`
      const why = notFor(driver, options, test)
      if (why !== undefined) {
        others.push(`not for ${driver.name}: #${test.number} ${test.title}: ${why}`)
        continue
      }
      defineTest(api, title, async () => {
        opened ??= LimitsBench.open(options)
        await test.run(await opened)
      })
    }
  })
}
