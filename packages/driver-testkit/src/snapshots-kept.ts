import assert from 'node:assert/strict'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { rejection } from './expectations.js'
import { seenRoot } from './seen-root.js'
import { writeUpper, type SnapshotsTest } from './snapshots-bench.js'

const ABSENT = 'f'.repeat(32)
/** More than any store lets lie upon each other without putting some together, and fewer than the kernel takes. */
const MANY = 80

/** States that are kept. */
export const keptTests: readonly SnapshotsTest[] = [
  {
    title: 'keeps what was written in a place as it is, without a copy',
    async run(bench) {
      const { snapshots } = await bench.open()
      const base = bench.base()
      const place = await snapshots.begin({ base })
      writeUpper(place.directory, { 'dir/x': 'changed', b: undefined })
      const file = '0/upper/dir/x'
      const { ino } = lstatSync(join(place.directory, file))
      const before = Date.now()
      const kept = await snapshots.keep(place.id, { name: 'of the kit' })
      assert.match(kept.id, /^[0-9a-f]{32}$/)
      assert.equal(kept.name, 'of the kit')
      assert.equal(kept.parent, undefined)
      assert.deepEqual(kept.base, base)
      assert.ok(kept.createdMs > before - 60_000 && kept.createdMs < Date.now() + 1000)
      assert.equal(lstatSync(join(kept.directory, file)).ino, ino, 'it was copied')
      await snapshots.discard(place.id)
      assert.deepEqual(
        await bench.look(snapshots, kept.id),
        bench.seen({ '/dir/x': 'changed', '/b': undefined }),
      )
    },
  },
  {
    title: 'shows a snapshot upon those below it and the base, part by part, the topmost first',
    async run(bench) {
      const { snapshots } = await bench.open()
      const base = bench.base()
      const first = await bench.keep(snapshots, { base }, { a: '1', b: undefined, 'dir/new': '1' })
      const second = await snapshots.add({ base, parent: first }, async (to) => {
        writeUpper(to, { 'dir/new': undefined, 'dir/x': '2', b: '2' })
        writeUpper(to, { d: undefined, e: '2' }, 1)
      })
      assert.equal(second.parent, first)
      const third = await bench.keep(snapshots, { base, parent: second.id }, { b: undefined })
      const held = await snapshots.hold(third)
      assert.equal(held.snapshot.id, third)
      assert.equal(held.depth, 3)
      assert.deepEqual(
        held.parts.map(({ at }) => at),
        ['/', '/data'],
      )
      assert.equal(held.parts[1]?.lowers.length, 2, 'only one of them wrote to that part')
      const wanted = { '/a': '1', '/b': undefined, '/dir/x': '2', '/data/d': undefined }
      assert.deepEqual(seenRoot(held.parts), bench.seen({ ...wanted, '/data/e': '2' }))
      held.release()
      held.release()
    },
  },
  {
    title: 'gives forks of a snapshot what is there, and nothing of each other',
    async run(bench) {
      const { snapshots } = await bench.open()
      const base = bench.base()
      const parent = await bench.keep(snapshots, { base }, { a: 'common', b: undefined })
      const [one, two] = await Promise.all([
        bench.keep(snapshots, { base, parent }, { one: 'one', a: undefined }),
        bench.keep(snapshots, { base, parent }, { two: 'two', b: 'again' }),
      ])
      const look = (id: string) => bench.look(snapshots, id)
      const common = { '/a': 'common', '/b': undefined }
      assert.deepEqual(await look(one), bench.seen({ ...common, '/a': undefined, '/one': 'one' }))
      assert.deepEqual(await look(two), bench.seen({ ...common, '/b': 'again', '/two': 'two' }))
      assert.deepEqual(await look(parent), bench.seen(common))
    },
  },
  {
    title: 'goes back to any state that was kept, and to the base',
    async run(bench) {
      const { snapshots } = await bench.open()
      const base = bench.base()
      const good = await bench.keep(snapshots, { base }, { a: 'good' })
      await bench.keep(snapshots, { base, parent: good }, { a: 'bad', 'dir/x': undefined })
      // rollback: a place upon the older one; reset: one upon nothing
      const back = await bench.keep(snapshots, { base, parent: good }, { b: 'new' })
      assert.deepEqual(await bench.look(snapshots, back), bench.seen({ '/a': 'good', '/b': 'new' }))
      const reset = await bench.keep(snapshots, { base }, {})
      assert.deepEqual(await bench.look(snapshots, reset), bench.seen())
    },
  },
  {
    title: 'keeps a place once, and takes it back without what was kept',
    async run(bench) {
      const { snapshots } = await bench.open()
      const place = await snapshots.begin({ base: bench.base() })
      writeUpper(place.directory, { a: 'x' })
      const { id } = await snapshots.keep(place.id)
      await rejection(() => snapshots.keep(place.id), 'ERR_STORE_NOT_FOUND')
      await snapshots.discard(place.id)
      await snapshots.discard(place.id)
      assert.deepEqual(await bench.look(snapshots, id), bench.seen({ '/a': 'x' }))
    },
  },
  {
    title: 'leaves nothing of a snapshot that could not be filled, and says why',
    async run(bench) {
      const { snapshots } = await bench.open()
      const base = bench.base()
      const why = new Error('no space in the kit')
      const failed = snapshots.add({ base }, async (to) => {
        writeUpper(to, { 'half-written': 'x', b: undefined })
        return Promise.reject(why)
      })
      const error = await failed.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      const causes = [error, error instanceof Error ? error.cause : undefined]
      assert.ok(causes.includes(why), `what \`fill\` threw is lost in ${String(error)}`)
      assert.deepEqual(bench.find('half-written'), [])
      const { snapshots: kept, unfinished } = await snapshots.usage()
      assert.deepEqual([kept.count, unfinished.count], [0, 0])
    },
  },
  {
    title: 'refuses to keep what lies upon a root that is lent to this process alone',
    async run(bench) {
      const { snapshots } = await bench.open()
      const base = bench.base(false)
      const place = await snapshots.begin({ base })
      await rejection(() => snapshots.keep(place.id), 'ERR_UNSUPPORTED')
      await rejection(() => snapshots.add({ base }, async () => {}), 'ERR_UNSUPPORTED')
      await snapshots.discard(place.id)
      assert.equal((await snapshots.usage()).bytes > 0, true)
    },
  },
  {
    title: 'refuses to lie upon, hold or name what is not there',
    async run(bench) {
      const { snapshots } = await bench.open()
      const orphan = { base: bench.base(), parent: ABSENT }
      await rejection(() => snapshots.begin(orphan), 'ERR_STORE_NOT_FOUND')
      await rejection(() => snapshots.add(orphan, async () => {}), 'ERR_STORE_NOT_FOUND')
      await rejection(() => snapshots.hold(ABSENT), 'ERR_STORE_NOT_FOUND')
      await rejection(() => snapshots.keep(ABSENT), 'ERR_STORE_NOT_FOUND')
      await rejection(() => snapshots.commit(ABSENT, 'name'), 'ERR_STORE_NOT_FOUND')
      await rejection(
        async () => (await bench.open()).lend('name'),
        'ERR_ROOTFS_NOT_FOUND',
        'ERR_STORE_NOT_FOUND',
      )
      await snapshots.delete(ABSENT)
      await snapshots.discard(ABSENT)
    },
  },
  {
    title: 'stays exact when very many lie upon each other',
    async run(bench) {
      const { snapshots } = await bench.open()
      const base = bench.base()
      let parent: string | undefined
      for (let n = 0; n < MANY; n++) {
        const writes = {
          counter: String(n),
          [`level-${n}`]: 'x',
          ...(n > 0 && { [`level-${n - 1}`]: undefined }),
          ...(n === 3 && { b: undefined, 'dir/x': 'from 3' }),
        }
        // both ways to a snapshot
        parent =
          n % 2 === 0
            ? await bench.keep(snapshots, { base, parent }, writes)
            : (await snapshots.add({ base, parent }, async (to) => writeUpper(to, writes))).id
      }
      const last = { counter: String(MANY - 1), [`level-${MANY - 1}`]: 'x' }
      const wanted = Object.entries({ ...last, 'dir/x': 'from 3', b: undefined })
      assert.deepEqual(
        await bench.look(snapshots, parent ?? ''),
        bench.seen(Object.fromEntries(wanted.map(([path, is]) => [`/${path}`, is]))),
      )
    },
  },
]
