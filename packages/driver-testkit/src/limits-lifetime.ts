import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { processesWith, readHostState } from './host-state.js'
import type { LimitsBench, LimitsTest } from './limits-bench.js'

/** Sixteen that fork as fast as they can: children, double-forked ones, and ones in sessions of their own. */
const sixteen = (marker: string): string => {
  const loop = `sh -c "while :; do (:); done" ${marker}`
  return `n=0; while [ $n -lt 5 ]; do ${loop} & setsid ${loop} & (${loop} &); n=$((n+1)); done
    echo ready; exec ${loop}`
}

async function isEmpty(bench: LimitsBench, marker: string): Promise<void> {
  await bench.until('no process is left', () => processesWith(marker).length === 0)
}

/** Nothing that this limiter holds is left, whatever it keeps ready aside. */
async function groupsGone(
  bench: LimitsBench,
  before: readonly string[],
  id: string,
): Promise<void> {
  assert.ok(!bench.groups().some((path) => path.includes(id)), 'a group of it is left')
  await bench.until('no more groups than before', () => bench.groups().length <= before.length)
}

export const lifetimeTests: readonly LimitsTest[] = [
  {
    number: 12,
    title: 'sixteen that fork, in sessions of their own and double-forked, are all killed at once',
    features: ['kill'],
    async run(bench) {
      bench.needs()
      const marker = `caisson-kit-${randomUUID()}`
      // should a kill not reach them all, the host must not suffer
      const limits = bench.lacks('pids') === undefined ? { pids: 400 } : {}
      await using container = await bench.create(limits)
      const exec = container.sh(sixteen(marker))
      await bench.until('they are there', () => processesWith(marker).length >= 16)
      await bench.lease(container).killAll?.()
      await isEmpty(bench, marker)
      assert.equal((await exec).signal, 'SIGKILL')
      await bench.lease(container).killAll?.()
    },
  },
  {
    number: 13,
    title: 'removed while processes run, twice and at once: they are dead, and no group is left',
    async run(bench) {
      bench.needs()
      const before = bench.groups()
      const marker = `caisson-kit-${randomUUID()}`
      const container = await bench.create({})
      const exec = container.sh(`sh -c 'while :; do sleep 1; done' ${marker} & echo; wait`)
      await bench.until('it is there', () => processesWith(marker).length > 0)
      await Promise.all([container.remove(), container.remove()])
      await container.remove()
      await exec
      assert.deepEqual(processesWith(marker), [])
      await groupsGone(bench, before, container.id)
    },
  },
  {
    number: 19,
    title: 'a hundred starts, failed ones among them: no group, descriptor, mount or process more',
    async run(bench) {
      bench.needs()
      const limits = bench.harmless
      const round = async (): Promise<void> => {
        assert.ok((await bench.run('true', limits)).ok)
        assert.equal((await bench.engine.run(['/bin/nowhere'], { limits })).exitCode, 127)
        assert.equal((await bench.run('exit 3', {})).exitCode, 3)
        await using container = await bench.create(limits)
        assert.ok((await container.sh('true')).ok)
        assert.ok((await container.sh('sleep 1000 & exit 0')).ok)
      }
      for (let n = 0; n < 3; n++) await round()
      const before = { ...readHostState(), groups: bench.groups() }
      for (let n = 0; n < 20; n++) await round()
      const after = { ...readHostState(), groups: bench.groups() }
      assert.deepEqual(after.mounts, before.mounts)
      for (const what of ['descendants', 'descriptors'] as const) {
        assert.ok(after[what] <= before[what] + 3, `${what}: ${before[what]}, then ${after[what]}`)
      }
      await bench.until('no more groups', () => bench.groups().length <= before.groups.length + 3)
    },
  },
]
