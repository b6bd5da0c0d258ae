import { createEngine, type Driver, type Engine } from '@caisson/core'
import assert from 'node:assert/strict'
import type { IsolationTest } from './isolation-bench.js'
import { kitRootfs } from './kit-rootfs.js'
import type { AnyDriver } from './manifest-tests.js'

/** The same driver, with an eye on what it makes. */
function seeWatches(driver: AnyDriver<'isolation'>, seen: boolean[]): Driver<'isolation', never> {
  return Object.freeze({
    ...driver,
    limits: [],
    create(scope) {
      const made = driver.create(scope)
      return {
        plan: (request, command) => made.plan(request, command),
        run: (request, command) => made.run(request, command),
        async create(request) {
          const container = await made.create(request)
          seen.push(container.watch !== undefined)
          return container
        },
      }
    },
  } satisfies Driver<'isolation', never>)
}

export const featureTests: readonly IsolationTest[] = [
  {
    title: 'tells what it sees in a container if and only if it says that it can',
    async run(bench) {
      const seen: boolean[] = []
      await using engine = await createEngine({
        rootfs: kitRootfs(bench.root.path),
        isolation: seeWatches(bench.driver, seen),
        defaults: { from: 'kit:' },
      })
      await using container = await engine.create()
      assert.equal(container.state, 'created')
      assert.deepEqual(seen, [bench.has('watch')])
    },
  },
  {
    title: 'makes roots writable by copies if and only if it says that it can',
    async run(bench) {
      bench.needsWorkingDriver()
      const open = (): Promise<Engine> =>
        createEngine({
          rootfs: kitRootfs(bench.root.path),
          isolation: bench.driver,
          defaults: { from: 'kit:' },
          copyOnWrite: 'copy',
        })
      if (!bench.has('rootCopies')) {
        await assert.rejects(open, { code: 'ERR_UNSUPPORTED', field: 'copyOnWrite' })
        return
      }
      await using engine = await open()
      await using container = await engine.create()
      const script = 'cat /etc/canary && rm /etc/canary && echo new > /etc/new'
      const { stdout } = (await container.sh(script)).unwrap()
      assert.equal(stdout, 'as it was\n', 'the copy has what the root has')
      const changes: string[] = []
      for await (const { kind, path } of container.changes()) changes.push(`${kind} ${path}`)
      const told = changes.toSorted()
      assert.deepEqual(told, ['added /etc/new', 'deleted /etc/canary'], 'it tells of what was done')
      const again = (await engine.run(['/bin/cat', '/etc/canary'])).stdout
      assert.equal(again, 'as it was\n', 'the root stays as it was')
    },
  },
]
