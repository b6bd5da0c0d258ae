// Stores that do what the real one does, but for one thing; also a module for the kit, which other processes import and which
// is told by the environment what is wrong.
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import type { ActiveSnapshot, SnapshotStore } from '@caisson/core'
import type { OpenedSnapshotStore } from '@caisson/driver-testkit'
import { open as openReal } from '#layer-store-test/open-for-kit.js'

/** What is wrong with one opening, made of the real one. */
type Fault = (real: OpenedSnapshotStore, directory: string) => Partial<SnapshotStore>

interface BrokenStore {
  /** The title of the test that must notice. */
  readonly noticed: string
  readonly fault: Fault
}

function removeWhiteouts(directory: string): void {
  if (!existsSync(directory)) return
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    const stat = lstatSync(path)
    if (stat.isDirectory()) removeWhiteouts(path)
    else if (stat.isCharacterDevice()) rmSync(path)
  }
}

const nothing = { blobs: 0, layers: 0, snapshots: 0, unfinished: 0, bytes: 0 }
const places = new WeakMap<OpenedSnapshotStore, ActiveSnapshot>()

export const brokenStores: Readonly<Record<string, BrokenStore>> = {
  'hands one place out to all': {
    noticed: 'gives every container a place of its own, empty, which nobody else may enter',
    fault: (real) => ({
      async begin(origin) {
        const place = places.get(real) ?? (await real.snapshots.begin(origin))
        places.set(real, place)
        return place
      },
    }),
  },
  'leaves a place that was given back': {
    noticed: 'takes a place back that was not kept, with what is in it, and more than once',
    fault: () => ({ discard: async () => {} }),
  },
  'takes places away from those who write to them': {
    noticed: 'leaves a place alone as long as its maker lives, whoever collects',
    fault: (real, directory) => ({
      async collect(options) {
        for (const name of readdirSync(join(directory, 'snaps')))
          rmSync(join(directory, 'snaps', name), { recursive: true })
        return real.snapshots.collect(options)
      },
    }),
  },
  'does not look whether a place is mounted': {
    noticed: 'removes the place of a maker that is gone, but not while it is mounted',
    fault: (real, directory) => ({
      async collect(options) {
        const collected = await real.snapshots.collect(options)
        for (const name of readdirSync(join(directory, 'snaps')))
          rmSync(join(directory, 'snaps', name), { recursive: true })
        return collected
      },
    }),
  },
  'makes paths of whatever it is given': {
    noticed: 'refuses ids that are none before they become part of a path',
    fault: (real, directory) => ({
      async discard(id) {
        rmSync(join(directory, 'snaps', id), { recursive: true, force: true })
        return Promise.resolve()
      },
      hold: async (id) => real.snapshots.hold(/[0-9a-f]{32}/.exec(id)?.[0] ?? id),
    }),
  },
  'copies what it keeps': {
    noticed: 'keeps what was written in a place as it is, without a copy',
    fault: (real) => ({
      async keep(id, options) {
        const { base, directory } = await real.snapshots.keep(id, options)
        return real.snapshots.add(
          { base },
          async (to) => cpSync(join(directory, '0'), join(to, '0'), { recursive: true }),
          options,
        )
      },
    }),
  },
  'puts the newest undermost': {
    noticed: 'shows a snapshot upon those below it and the base, part by part, the topmost first',
    fault: (real) => ({
      async hold(id) {
        const held = await real.snapshots.hold(id)
        const parts = held.parts.map(({ at, lowers }) => ({ at, lowers: lowers.toReversed() }))
        return { ...held, parts }
      },
    }),
  },
  'loses deletions': {
    noticed: 'gives forks of a snapshot what is there, and nothing of each other',
    fault: (real) => ({
      async keep(id, options) {
        const kept = await real.snapshots.keep(id, options)
        removeWhiteouts(kept.directory)
        return kept
      },
    }),
  },
  'lays everything upon what was kept last': {
    noticed: 'goes back to any state that was kept, and to the base',
    fault: (real) => {
      let last: string | undefined
      return {
        begin: async ({ base, parent }) => real.snapshots.begin({ base, parent: last ?? parent }),
        async keep(id, options) {
          const kept = await real.snapshots.keep(id, options)
          last = kept.id
          return kept
        },
      }
    },
  },
  'keeps again what was kept': {
    noticed: 'keeps a place once, and takes it back without what was kept',
    fault: (real) => {
      const kept = new Map<string, ReturnType<SnapshotStore['keep']>>()
      return {
        async keep(id, options) {
          const one = kept.get(id) ?? real.snapshots.keep(id, options)
          kept.set(id, one)
          return one
        },
      }
    },
  },
  'keeps what was filled by half': {
    noticed: 'leaves nothing of a snapshot that could not be filled, and says why',
    fault: (real) => ({
      async add(origin, fill, options) {
        let why: unknown
        const filled = async (to: string): Promise<void> => {
          await fill(to).catch((error: unknown) => {
            why = error
          })
        }
        await real.snapshots.add(origin, filled, options)
        throw why
      },
    }),
  },
  'keeps what goes with its provider': {
    noticed: 'refuses to keep what lies upon a root that is lent to this process alone',
    fault: (real) => ({
      begin: async ({ base, parent }) =>
        real.snapshots.begin({ base: { ...base, durable: true }, parent }),
    }),
  },
  'lays snapshots upon nothing': {
    noticed: 'refuses to lie upon, hold or name what is not there',
    fault: (real) => ({ begin: async ({ base }) => real.snapshots.begin({ base }) }),
  },
  'forgets what is deep below': {
    noticed: 'stays exact when very many lie upon each other',
    fault: (real) => ({
      async hold(id) {
        const held = await real.snapshots.hold(id)
        const parts = held.parts.map(({ at, lowers }) => {
          const near = lowers.length > 12 ? [...lowers.slice(0, 10), ...lowers.slice(-1)] : lowers
          return { at, lowers: near }
        })
        return { ...held, parts }
      },
    }),
  },
  'forgets what was kept when it is closed': {
    noticed: 'keeps what was kept, with all below it, whoever opens, closes and collects',
    fault: (real) => ({
      keep: async (id, options) => real.snapshots.keep(id, { ...options, transient: true }),
    }),
  },
  'deletes what others lie upon': {
    noticed: 'removes what was deleted, with the last that lies upon it',
    fault: (_, directory) => ({
      async delete(id) {
        rmSync(join(directory, 'snaps', id), { recursive: true, force: true })
        return Promise.resolve()
      },
    }),
  },
  'removes nothing': {
    noticed: 'removes what was deleted, with the last that lies upon it',
    fault: () => ({ collect: async () => Promise.resolve(nothing) }),
  },
  'forgets a lease': {
    noticed: 'keeps what is held, though it is deleted, until it is let go',
    fault: (_, directory) => ({
      async hold(id) {
        // by somebody who is gone at once
        await using other = await openReal(directory)
        return other.snapshots.hold(id)
      },
    }),
  },
  'removes what is deleted, whatever is written upon it': {
    noticed: 'keeps what a place for writes lies upon',
    fault: (real, directory) => ({
      async collect(options) {
        for (const name of readdirSync(join(directory, 'snaps')))
          if (
            readFileSync(join(directory, 'snaps', name, 'meta.json'), 'utf8').includes('"deleted"')
          )
            rmSync(join(directory, 'snaps', name), { recursive: true })
        return real.snapshots.collect(options)
      },
    }),
  },
  'looks at what is below when it has been filled': {
    noticed: 'keeps what a snapshot lies upon while it is filled',
    fault: (real, directory) => ({
      async add(origin, fill, options) {
        const aside = join(directory, 'aside')
        mkdirSync(aside)
        await fill(aside)
        const move = async (to: string): Promise<void> => {
          cpSync(aside, to, { recursive: true })
          return Promise.resolve()
        }
        return real.snapshots.add(origin, move, options)
      },
    }),
  },
  'keeps what is transient for ever': {
    noticed: 'lets a transient snapshot live as long as something lies upon it or holds it',
    fault: (real) => ({
      keep: async (id, options) => real.snapshots.keep(id, { ...options, transient: false }),
    }),
  },
  'has no patience with what is young': {
    noticed: 'leaves what is younger than it is asked to',
    fault: (real) => ({ collect: async () => real.snapshots.collect() }),
  },
  'goes on in spite of a signal': {
    noticed: 'gives up a collection at a signal, and removes nothing then',
    fault: (real) => ({ collect: async () => real.snapshots.collect() }),
  },
  miscounts: {
    noticed: 'says what it takes on disk, and what a collection gave back',
    fault: (real) => ({
      async usage() {
        const usage = await real.snapshots.usage()
        return { ...usage, snapshots: { ...usage.snapshots, bytes: 0 } }
      },
    }),
  },
  'names a snapshot without keeping it': {
    noticed: 'names what a snapshot holds, deletions and all, and keeps it without the snapshot',
    fault: (real, directory) => ({
      async delete(id) {
        for (const name of readdirSync(join(directory, 'refs')))
          rmSync(join(directory, 'refs', name))
        return real.snapshots.delete(id)
      },
    }),
  },
  'loses deletions in layers': {
    noticed: 'makes a layer of what was written upon layers, deletions and all',
    fault: (real, directory) => ({
      async commit(id, name) {
        const layer = await real.snapshots.commit(id, name)
        removeWhiteouts(join(directory, 'layers', layer?.slice(7) ?? '', 'diff'))
        return layer
      },
    }),
  },
  'names what came first': {
    noticed: 'gives a name to the one that is committed last',
    fault: (real) => {
      const named = new Set<string>()
      return {
        async commit(id, name) {
          if (named.has(name)) return undefined
          named.add(name)
          return real.snapshots.commit(id, name)
        },
      }
    },
  },
  'takes any name': {
    noticed: 'refuses a name that is none, and changes nothing',
    fault: (real) => ({
      commit: async (id, name) =>
        real.snapshots.commit(id, name.replaceAll(/[^a-z]/g, '').slice(0, 20) || 'none'),
    }),
  },
  'takes dead processes for living ones': {
    noticed: 'frees what a process held, the moment that it is killed',
    fault: (real, directory) => ({
      collect: async (options) =>
        readdirSync(join(directory, 'sessions')).length > 1
          ? nothing
          : real.snapshots.collect(options),
    }),
  },
  'does not keep what it promised to one of many': {
    noticed: 'serves several processes at once while another collects, and loses nothing',
    fault: (real) => ({
      async keep(id, options) {
        const kept = await real.snapshots.keep(id, options)
        if (options?.name?.endsWith('-4') === true) await real.snapshots.delete(kept.id)
        return kept
      },
    }),
  },
  'promises for as long as the process lives': {
    noticed: 'keeps its promises to processes that are killed, and nothing that was unfinished',
    fault: (real) => ({
      keep: async (id, options) => real.snapshots.keep(id, { ...options, transient: true }),
    }),
  },
}

/** The real store with a fault. */
export async function openBroken(name: string, directory: string): Promise<OpenedSnapshotStore> {
  const real = await openReal(directory)
  const fault = brokenStores[name]?.fault(real, directory) ?? {}
  const snapshots = new Proxy(real.snapshots, {
    get(target, key) {
      if (Object.hasOwn(fault, key)) return Reflect.get(fault, key) as unknown
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { ...real, snapshots }
}

export const open = async (directory: string): Promise<OpenedSnapshotStore> =>
  openBroken(process.env['CAISSON_TEST_FAULT'] ?? '', directory)
