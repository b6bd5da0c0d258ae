import { createEngine, explain, type Driver, type Plan } from '@caisson/core'
import assert from 'node:assert/strict'
import type { IsolationTest } from './isolation-bench.js'
import { kitRootfs } from './kit-rootfs.js'
import type { AnyDriver } from './manifest-tests.js'

/** The same driver, with an ear at `plan`. */
function listenToPlans(driver: AnyDriver<'isolation'>, plans: Plan[]): Driver<'isolation', never> {
  return Object.freeze({
    ...driver,
    limits: [],
    create(scope) {
      const made = driver.create(scope)
      return {
        async plan(request, command) {
          const plan = await made.plan(request, command)
          plans.push(plan)
          return plan
        },
        run: (request, command) => made.run(request, command),
        create: (request) => made.create(request),
      }
    },
  } satisfies Driver<'isolation', never>)
}

export const planTests: readonly IsolationTest[] = [
  {
    title: 'shows in explain() exactly what its plan() says, and the same each time',
    async run(bench) {
      const plans: Plan[] = []
      await using engine = await createEngine({
        rootfs: kitRootfs(bench.root.path),
        isolation: listenToPlans(bench.driver, plans),
        defaults: { from: 'kit:' },
      })
      const options = { cwd: '/etc', readonlyRoot: true, hostname: 'same' }
      const first = await engine.explain(['/bin/true'], options)
      const second = await engine.explain(['/bin/true'], options)
      assert.equal(plans.length, 2)
      const [one, two] = plans
      assert.ok(one !== undefined && two !== undefined)
      assert.equal(first, explain(one))
      assert.equal(second, first)
      assert.deepEqual(two, one)
    },
  },
  {
    title: 'plans as frozen data that ends with the command',
    async run(bench) {
      const plans: Plan[] = []
      await using engine = await createEngine({
        rootfs: kitRootfs(bench.root.path),
        isolation: listenToPlans(bench.driver, plans),
        defaults: { from: 'kit:' },
      })
      await engine.explain(['/bin/echo', 'the words'])
      const plan = plans[0]
      assert.ok(plan !== undefined)
      assert.equal(plan.version, 1)
      for (const steps of [plan.template, plan.container, plan.process]) {
        assert.ok(Object.isFrozen(steps) && steps.every((step) => Object.isFrozen(step)))
      }
      const last = plan.process.at(-1)
      assert.ok(last?.op === 'exec')
      assert.deepEqual(last.argv, ['/bin/echo', 'the words'])
    },
  },
]
