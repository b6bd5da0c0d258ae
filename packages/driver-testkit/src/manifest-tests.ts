import type { Driver, DriverKind } from '@caisson/core'
import assert from 'node:assert/strict'
import { Scope } from '@caisson/core/di'
import { assertProbe } from './expectations.js'
import { defineTest, type TestApi } from './test-api.js'

/** Any driver of a kind, whatever it declares. */
export type AnyDriver<K extends DriverKind> = Driver<K>

/** Makes a driver; called once a suite, so that suites share no state. */
export type DriverFactory<K extends DriverKind> = () => AnyDriver<K>

/** What holds for drivers of every kind. */
export function testManifest<K extends DriverKind>(
  api: TestApi,
  kind: K,
  make: DriverFactory<K>,
): void {
  defineTest(api, 'is a frozen manifest of its kind', () => {
    const driver = make()
    assert.equal(driver.kind, kind)
    assert.equal(driver.apiVersion, 1)
    assert.match(driver.name, /^[a-z][a-z0-9-]*$/)
    for (const value of [driver, driver.limits, driver.features, driver.notHeld, driver.schemes]) {
      assert.ok(Object.isFrozen(value))
    }
    return Promise.resolve()
  })

  defineTest(api, 'declares the same each time it is made', () => {
    const [one, two] = [make(), make()]
    for (const field of ['name', 'limits', 'features', 'notHeld', 'schemes'] as const) {
      assert.deepEqual(one[field], two[field])
    }
    return Promise.resolve()
  })

  defineTest(
    api,
    'probes without throwing, and says what to do about what is missing',
    async () => {
      await using scope = Scope.root()
      assertProbe(await make().probe(scope))
    },
  )
}
