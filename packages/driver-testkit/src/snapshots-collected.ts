import assert from 'node:assert/strict'
import { rejection } from './expectations.js'
import { seenRoot } from './seen-root.js'
import { writeUpper, type SnapshotsTest } from './snapshots-bench.js'

/** What stays, and what goes. Who collects is somebody else than who holds. */
export const collectedTests: readonly SnapshotsTest[] = [
  {
    title: 'keeps what was kept, with all below it, whoever opens, closes and collects',
    async run(bench) {
      const first = await bench.open()
      const base = bench.base()
      const parent = await bench.keep(first.snapshots, { base }, { a: '1' })
      const top = await bench.keep(
        first.snapshots,
        { base, parent },
        { b: undefined },
        { name: 'n' },
      )
      await first[Symbol.asyncDispose]()
      const { snapshots } = await bench.open()
      const collected = await snapshots.collect()
      assert.deepEqual([collected.snapshots, collected.layers], [0, 0])
      const held = await snapshots.hold(top)
      assert.deepEqual(seenRoot(held.parts), bench.seen({ '/a': '1', '/b': undefined }))
      assert.deepEqual([held.snapshot.name, held.snapshot.parent], ['n', parent])
      assert.deepEqual(held.snapshot.base, base)
    },
  },
  {
    title: 'removes what was deleted, with the last that lies upon it',
    async run(bench) {
      const first = await bench.open()
      const base = bench.base()
      const parent = await bench.keep(first.snapshots, { base }, { below: 'x'.repeat(100_000) })
      const top = await bench.keep(first.snapshots, { base, parent }, { a: '2' })
      await first[Symbol.asyncDispose]()
      const { snapshots } = await bench.open()
      await snapshots.delete(parent)
      await snapshots.delete(parent)
      assert.equal((await snapshots.collect()).snapshots, 0)
      const seen = await bench.look(snapshots, top)
      assert.deepEqual(
        Object.keys(seen).toSorted(),
        [...Object.keys(bench.seen()), '/below'].toSorted(),
      )
      await snapshots.delete(top)
      // what was looked at may be remembered for a while by whoever did
      const other = await bench.open()
      await snapshots.collect()
      await other.snapshots.collect()
      assert.deepEqual(bench.find('below'), [])
      await rejection(() => other.snapshots.hold(top), 'ERR_STORE_NOT_FOUND')
      const { count, bytes } = (await other.snapshots.usage()).snapshots
      assert.ok(count === 0 && bytes < 100_000)
    },
  },
  {
    title: 'keeps what is held, though it is deleted, until it is let go',
    async run(bench) {
      const holder = await bench.open()
      const base = bench.base()
      const maker = await bench.open()
      const parent = await bench.keep(maker.snapshots, { base }, { a: '1' })
      const id = await bench.keep(maker.snapshots, { base, parent }, { held: 'x' })
      const held = await holder.snapshots.hold(id)
      await maker[Symbol.asyncDispose]()
      const { snapshots } = await bench.open()
      for (const one of [parent, id]) await snapshots.delete(one)
      await snapshots.collect()
      assert.deepEqual(seenRoot(held.parts), bench.seen({ '/a': '1', '/held': 'x' }))
      held.release()
      await holder[Symbol.asyncDispose]()
      assert.equal((await snapshots.collect()).snapshots, 2)
      assert.deepEqual(bench.find('held'), [])
    },
  },
  {
    title: 'keeps what a place for writes lies upon',
    async run(bench) {
      const user = await bench.open()
      const base = bench.base()
      const maker = await bench.open()
      const parent = await bench.keep(maker.snapshots, { base }, { below: 'x' })
      const place = await user.snapshots.begin({ base, parent })
      await maker[Symbol.asyncDispose]()
      const { snapshots } = await bench.open()
      await snapshots.delete(parent)
      assert.equal((await snapshots.collect()).snapshots, 0)
      writeUpper(place.directory, { a: 'x' })
      const { id } = await user.snapshots.keep(place.id)
      await user[Symbol.asyncDispose]()
      await snapshots.collect()
      assert.deepEqual(await bench.look(snapshots, id), bench.seen({ '/a': 'x', '/below': 'x' }))
    },
  },
  {
    title: 'keeps what a snapshot lies upon while it is filled',
    async run(bench) {
      const user = await bench.open()
      const base = bench.base()
      const maker = await bench.open()
      const parent = await bench.keep(maker.snapshots, { base }, { below: 'x' })
      await maker[Symbol.asyncDispose]()
      const { snapshots } = await bench.open()
      const added = await user.snapshots.add({ base, parent }, async (to) => {
        await snapshots.delete(parent)
        assert.equal((await snapshots.collect()).snapshots, 0)
        writeUpper(to, { a: 'x' })
      })
      const seen = await bench.look(user.snapshots, added.id)
      assert.deepEqual(seen, bench.seen({ '/a': 'x', '/below': 'x' }))
    },
  },
  {
    title: 'lets a transient snapshot live as long as something lies upon it or holds it',
    async run(bench) {
      const first = await bench.open()
      const base = bench.base()
      const transient = true
      const alone = await bench.keep(first.snapshots, { base }, { alone: 'x' }, { transient })
      const below = await first.snapshots.add({ base }, async (to) => writeUpper(to, { a: '1' }), {
        transient,
      })
      const top = await bench.keep(first.snapshots, { base, parent: below.id }, { b: '2' })
      const held = await first.snapshots.hold(alone)
      const { snapshots } = await bench.open()
      assert.equal((await snapshots.collect()).snapshots, 0)
      held.release()
      await first[Symbol.asyncDispose]()
      assert.equal((await snapshots.collect()).snapshots, 1)
      assert.deepEqual(bench.find('alone'), [])
      assert.deepEqual(await bench.look(snapshots, top), bench.seen({ '/a': '1', '/b': '2' }))
    },
  },
  {
    title: 'leaves what is younger than it is asked to',
    async run(bench) {
      const first = await bench.open()
      const id = await bench.keep(first.snapshots, { base: bench.base() }, { young: 'x' })
      await first.snapshots.delete(id)
      await first[Symbol.asyncDispose]()
      const { snapshots } = await bench.open()
      assert.equal((await snapshots.collect({ olderThanMs: 3_600_000 })).snapshots, 0)
      assert.equal(bench.find('young').length, 1)
      assert.equal((await snapshots.collect({ olderThanMs: 0 })).snapshots, 1)
    },
  },
  {
    title: 'gives up a collection at a signal, and removes nothing then',
    async run(bench) {
      const first = await bench.open()
      const id = await bench.keep(first.snapshots, { base: bench.base() }, { stays: 'x' })
      await first.snapshots.delete(id)
      await first[Symbol.asyncDispose]()
      const { snapshots } = await bench.open()
      await rejection(() => snapshots.collect({ signal: AbortSignal.abort() }), 'ERR_ABORTED')
      assert.equal(bench.find('stays').length, 1)
    },
  },
  {
    title: 'says what it takes on disk, and what a collection gave back',
    async run(bench) {
      const first = await bench.open()
      const base = bench.base()
      const id = await bench.keep(first.snapshots, { base }, { kept: 'x'.repeat(200_000) })
      const place = await first.snapshots.begin({ base })
      writeUpper(place.directory, { written: 'x'.repeat(100_000) })
      const usage = await first.snapshots.usage()
      assert.deepEqual([usage.snapshots.count, usage.writes.count], [1, 1])
      assert.ok(usage.snapshots.bytes >= 200_000 && usage.snapshots.bytes < 300_000)
      assert.ok(usage.writes.bytes >= 100_000 && usage.writes.bytes < 200_000)
      assert.ok(usage.bytes >= usage.snapshots.bytes + usage.writes.bytes)
      assert.ok(usage.freeBytes > 0)
      await first.snapshots.delete(id)
      await first[Symbol.asyncDispose]()
      const { snapshots } = await bench.open()
      assert.ok((await snapshots.collect()).bytes >= 300_000)
      const after = await snapshots.usage()
      assert.deepEqual([after.snapshots.count, after.writes.count], [0, 0])
    },
  },
]
