import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SnapshotsBench, SnapshotsTest } from './snapshots-bench.js'

/** What was promised in lines `<id> <name>` is there, whole; and nothing unfinished is. */
async function checkPromises(bench: SnapshotsBench, lines: readonly string[]): Promise<void> {
  const { snapshots } = await bench.open()
  await snapshots.collect()
  for (const line of lines) {
    const [id = '', name = ''] = line.split(' ')
    const held = await snapshots.hold(id)
    assert.equal(held.snapshot.name, name)
    assert.equal((await bench.look(snapshots, id))[`/${name}`], name, `${name} is torn`)
    held.release()
  }
  const { writes, unfinished } = await snapshots.usage()
  assert.deepEqual([writes.count, unfinished.count], [0, 0], 'something unfinished is left')
}

const PROCESSES = 3
const ROUNDS = 6

/** Several processes in one store. */
export const processTests: readonly SnapshotsTest[] = [
  {
    title: 'frees what a process held, the moment that it is killed',
    async run(bench) {
      const maker = await bench.open()
      const id = await bench.keep(maker.snapshots, { base: bench.base() }, { held: 'x' })
      await maker[Symbol.asyncDispose]()
      await using holder = bench.start('hold', id)
      const place = (await holder.next()) ?? ''
      const { snapshots } = await bench.open()
      assert.equal((await snapshots.collect()).snapshots, 0, 'it was not held')
      assert.ok(existsSync(place))
      await holder.kill()
      assert.equal((await snapshots.collect()).snapshots, 2, 'the snapshot and the place')
      assert.ok(!existsSync(place))
      assert.deepEqual(bench.find('held'), [])
    },
  },
  {
    title: 'serves several processes at once while another collects, and loses nothing',
    async run(bench) {
      const { snapshots } = await bench.open()
      const running = Array.from({ length: PROCESSES }, () => bench.start('many', String(ROUNDS)))
      const all = Promise.all(running.map((one) => one.rest()))
      const settled = all.then(
        () => 'settled',
        () => 'settled',
      )
      try {
        for (let is = ''; is !== 'settled'; is = await Promise.race([settled, sleep(20, 'on')]))
          await snapshots.collect({ timeoutMs: 20_000 })
        const lines = (await all).flat()
        assert.equal(lines.filter((line) => line === 'done').length, PROCESSES)
        const promised = lines.filter((line) => line !== 'done')
        assert.equal(promised.length, (PROCESSES * ROUNDS * 2) / 3)
        await checkPromises(bench, promised)
      } finally {
        for (const one of running) await one.kill()
      }
    },
  },
  {
    title: 'keeps its promises to processes that are killed, and nothing that was unfinished',
    async run(bench) {
      // each is killed in the middle of something else
      const promised: string[] = []
      const killOne = async (n: number): Promise<void> => {
        await using one = bench.start('many', '1000')
        for (let line = 0; line <= n; line++) promised.push((await one.next()) ?? '')
        await sleep(n * 3)
        await one.kill()
      }
      await Promise.all(Array.from({ length: PROCESSES * 2 }, (_, n) => killOne(n)))
      await checkPromises(bench, promised)
    },
  },
]
