import { CaissonError, createEngine, type DetachedContainer, type Engine } from '@caisson/core'
import assert from 'node:assert/strict'
import { rejection } from './expectations.js'
import type { IsolationBench, IsolationTest } from './isolation-bench.js'
import { kitRootfs } from './kit-rootfs.js'
import { skip } from './test-api.js'

function openSecond(bench: IsolationBench): Promise<Engine> {
  return createEngine({ rootfs: kitRootfs(bench.root.path), isolation: bench.driver })
}

/** Another engine stands for another process: it has nothing but what lies in the state directory. */
async function withDetached(
  bench: IsolationBench,
  use: (container: DetachedContainer, other: Engine) => Promise<void>,
): Promise<void> {
  if (!bench.driver.features.includes('detach')) skip('the driver has no feature `detach`')
  await using other = await openSecond(bench)
  const container = await bench.engine.create({ detached: true, labels: { kit: 'detach' } })
  try {
    await use(container, other)
  } finally {
    await container.remove()
  }
}

/** What the feature `detach` promises, and what its absence does. */
export const detachTests: readonly IsolationTest[] = [
  {
    title: 'makes them if and only if it has the feature `detach`',
    async run(bench) {
      const made = bench.engine.create({ detached: true })
      if (bench.driver.features.includes('detach')) {
        const container = await made
        await container.remove()
      } else {
        const error = await rejection(made)
        assert.ok(error instanceof CaissonError && error.code === 'ERR_UNSUPPORTED')
      }
    },
  },
  {
    title: 'finds them from elsewhere, with the results of what ran before',
    run: (bench) =>
      withDetached(bench, async (container, other) => {
        const first = await container.exec('/bin/sh', [
          '-c',
          'echo first > /tmp/f; echo said; exit 3',
        ])
        assert.equal(first.exitCode, 3)
        await container.detach()
        const found = await other.get(container.id)
        assert.deepEqual(found.labels, { kit: 'detach' })
        assert.equal((await found.exec('/bin/cat', ['/tmp/f'])).stdout, 'first\n')
        const result = await found.wait()
        assert.deepEqual([result.exitCode, result.stdout], [3, 'said\n'])
        await found.detach()
      }),
  },
  {
    title: 'lists them until they are removed',
    run: (bench) =>
      withDetached(bench, async (container, other) => {
        const listed = await other.list({ labels: { kit: 'detach' } })
        assert.ok(listed.some(({ id }) => id === container.id))
        await container.remove()
        const left = await other.list({ labels: { kit: 'detach' } })
        assert.ok(left.every(({ id }) => id !== container.id))
      }),
  },
]
