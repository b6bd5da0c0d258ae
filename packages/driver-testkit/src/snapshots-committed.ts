import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { SnapshotBase } from '@caisson/core'
import { rejection } from './expectations.js'
import { seenRoot, type SeenRoot } from './seen-root.js'
import {
  writeUpper,
  type OpenedSnapshotStore,
  type SnapshotsBench,
  type SnapshotsTest,
} from './snapshots-bench.js'
import { skip } from './test-api.js'

async function lent(store: OpenedSnapshotStore, name: string): Promise<SeenRoot> {
  const lease = await store.lend(name)
  const seen = seenRoot(lease.parts)
  await lease.release()
  return seen
}

/** Commits, deletes the snapshot, and collects as somebody else: what the name is must be as it was. */
async function commitAndForget(bench: SnapshotsBench, base: SnapshotBase): Promise<SeenRoot> {
  const first = await bench.open()
  const parent = await bench.keep(first.snapshots, { base }, { a: '1', b: undefined })
  const id = await bench.keep(first.snapshots, { base, parent }, { 'dir/x': undefined, c: '2' })
  const layer = await first.snapshots.commit(id, 'tools:1')
  const seen = await lent(first, 'tools:1')
  for (const one of [parent, id]) await first.snapshots.delete(one)
  await first[Symbol.asyncDispose]()
  const later = await bench.open()
  await later.snapshots.collect()
  assert.deepEqual(await lent(later, 'tools:1'), seen)
  assert.ok(layer === undefined || layer.startsWith('sha256:'), `${String(layer)} is no chain id`)
  return seen
}

const wanted = { '/a': '1', '/b': undefined, '/dir/x': undefined, '/c': '2' }

/** Snapshots that are given a name. */
export const committedTests: readonly SnapshotsTest[] = [
  {
    title: 'names what a snapshot holds, deletions and all, and keeps it without the snapshot',
    async run(bench) {
      assert.deepEqual(await commitAndForget(bench, bench.base()), bench.seen(wanted))
    },
  },
  {
    title: 'makes a layer of what was written upon layers, deletions and all',
    async run(bench) {
      const maker = await bench.open()
      if (maker.layered === undefined) return skip('the store has no layers')
      const base = await maker.layered(async (to) => {
        mkdirSync(`${to}/dir`)
        for (const name of ['a', 'b', 'dir/x', 'dir/y'])
          writeFileSync(`${to}/${name}`, `${name} of the base`)
      })
      const { '/data/d': _, ...root } = bench.seen(wanted)
      assert.deepEqual(await commitAndForget(bench, base), root)
      await maker[Symbol.asyncDispose]()
      const later = await bench.open()
      await later.snapshots.collect()
      assert.deepEqual(await lent(later, 'tools:1'), root, 'the layers below went')
      return undefined
    },
  },
  {
    title: 'gives a name to the one that is committed last',
    async run(bench) {
      const store = await bench.open()
      const base = bench.base()
      const ids = [
        await bench.keep(store.snapshots, { base }, { a: 'one' }),
        await bench.keep(store.snapshots, { base }, { a: 'two' }),
      ]
      for (const id of ids) await store.snapshots.commit(id, 'latest')
      assert.deepEqual(await lent(store, 'latest'), bench.seen({ '/a': 'two' }))
    },
  },
  {
    title: 'refuses a name that is none, and changes nothing',
    async run(bench) {
      const { snapshots } = await bench.open()
      const place = await snapshots.add({ base: bench.base() }, async (to) =>
        writeUpper(to, { a: 'x' }),
      )
      for (const name of ['', '../x', 'a\nb', 'x'.repeat(5000)])
        await rejection(() => snapshots.commit(place.id, name), 'ERR_INVALID_SPEC')
      assert.equal((await snapshots.usage()).layers.count, 0)
    },
  },
]
