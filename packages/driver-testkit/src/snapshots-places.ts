import assert from 'node:assert/strict'
import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { isAbsolute, sep } from 'node:path'
import { rejection } from './expectations.js'
import { writeUpper, type SnapshotsTest } from './snapshots-bench.js'

const idForm = /^[0-9a-f]{32}$/

/** Places that containers write to. */
export const placeTests: readonly SnapshotsTest[] = [
  {
    title: 'gives every container a place of its own, empty, which nobody else may enter',
    async run(bench) {
      const { snapshots } = await bench.open()
      const origin = { base: bench.base() }
      const parent = await bench.keep(snapshots, origin, { a: 'changed' })
      const places = await Promise.all(
        [origin, origin, { ...origin, parent }, { ...origin, parent }].map((one) =>
          snapshots.begin(one),
        ),
      )
      assert.equal(new Set(places.map(({ id }) => id)).size, 4, 'ids are not given twice')
      // overlayfs lets two mounts share an upper directory, and mixes what they write
      const inodes = places.map(({ directory }) => lstatSync(directory).ino)
      assert.equal(new Set(inodes).size, 4, 'a place is not given twice')
      for (const { id, directory } of places) {
        assert.match(id, idForm)
        assert.ok(isAbsolute(directory) && directory.startsWith(bench.directory + sep), directory)
        assert.equal(lstatSync(directory).mode & 0o077, 0, 'others may enter it')
        const names = readdirSync(directory).filter((name) => /^\d+$/.test(name))
        assert.deepEqual(names, [], 'it holds no upper directory yet')
      }
    },
  },
  {
    title: 'takes a place back that was not kept, with what is in it, and more than once',
    async run(bench) {
      const { snapshots } = await bench.open()
      const place = await snapshots.begin({ base: bench.base() })
      writeUpper(place.directory, { 'dir/new': 'x', a: undefined })
      await snapshots.discard(place.id)
      assert.ok(!existsSync(place.directory))
      await snapshots.discard(place.id)
      await rejection(() => snapshots.keep(place.id), 'ERR_STORE_NOT_FOUND')
      assert.equal((await snapshots.usage()).writes.count, 0)
    },
  },
  {
    title: 'leaves a place alone as long as its maker lives, whoever collects',
    async run(bench) {
      const { snapshots } = await bench.open()
      const place = await snapshots.begin({ base: bench.base() })
      writeUpper(place.directory, { a: 'x' })
      const other = await bench.open()
      for (const one of [other.snapshots, snapshots]) await one.collect()
      assert.ok(existsSync(place.directory))
      const { id } = await snapshots.keep(place.id)
      assert.deepEqual(await bench.look(other.snapshots, id), bench.seen({ '/a': 'x' }))
    },
  },
  {
    title: 'removes the place of a maker that is gone, but not while it is mounted',
    async run(bench) {
      const first = await bench.open()
      const places = [
        await first.snapshots.begin({ base: bench.base() }),
        await first.snapshots.begin({ base: bench.base() }),
      ] as const
      for (const { directory } of places) writeUpper(directory, { a: 'x' })
      const unlock = await bench.lock(places[0].directory)
      await first[Symbol.asyncDispose]()
      const { snapshots } = await bench.open()
      try {
        const { snapshots: removed } = await snapshots.collect()
        assert.deepEqual(
          places.map(({ directory }) => existsSync(directory)),
          [true, false],
        )
        assert.equal(removed, 1)
      } finally {
        await unlock()
      }
      await snapshots.collect()
      assert.ok(!existsSync(places[0].directory))
    },
  },
  {
    title: 'refuses ids that are none before they become part of a path',
    async run(bench) {
      const { snapshots } = await bench.open()
      const id = await bench.keep(snapshots, { base: bench.base() }, { a: 'x' })
      const codes = ['ERR_INVALID_SPEC', 'ERR_STORE_NOT_FOUND'] as const
      for (const bad of ['', '.', '../snaps', `./${id}`, `${id}/0`, '0'.repeat(33)]) {
        await rejection(() => snapshots.hold(bad), ...codes)
        await rejection(() => snapshots.keep(bad), ...codes)
        await rejection(() => snapshots.commit(bad, 'name'), ...codes)
        await rejection(() => snapshots.begin({ base: bench.base(), parent: bad }), ...codes)
        await snapshots.delete(bad).catch(() => {})
        await snapshots.discard(bad).catch(() => {})
      }
      await snapshots.collect()
      assert.deepEqual(await bench.look(snapshots, id), bench.seen({ '/a': 'x' }))
    },
  },
]
