// Works in a store and is killed before the n-th step, if that is asked for: crash.test.ts starts it.
// Says each step on stdout, and, once a promise has settled, what was promised.
import { writeSync } from 'node:fs'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SnapshotBase } from '@caisson/core'
import { FileLock } from '../dist/file-lock.js'
import { openWithSteps } from '../dist/open-layer-store.js'
import { createLauncher } from '@caisson/launcher'
import { parseDigest } from '../dist/index.js'
import { fillForCrash, fillForRepair } from './damaged-layer.js'
import { foreignBase } from './store-fixture.js'

const [, , directory = '', work = '', dieAt = '', layerId = ''] = process.argv
let count = 0

function say(line: string): void {
  writeSync(1, `${line}\n`)
}

function step(name: string): void {
  if (String(count++) === dieAt) process.kill(process.pid, 'SIGKILL')
  say(`step ${name}`)
}

async function* archive(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('archive')
}

// whoever repairs needs a real one
const real = work === 'repair' ? createLauncher() : undefined
const launcher = real ?? { merge }
const store = await openWithSteps({ directory, sync: false, launcher }, step)

// what the launcher does, but for whiteouts and attributes
async function merge(from: readonly string[], to: string): Promise<void> {
  for (const [index, path] of from.toReversed().entries()) {
    cpSync(path, to, { recursive: true })
    if (index === 0 || index === from.length - 1) step(`merge:${index}`)
  }
}

const write = (name: string) => async (to: string) => {
  mkdirSync(join(to, '0/upper'), { recursive: true })
  writeFileSync(join(to, '0/upper', name), name)
}

/** A chain as long as it may be, which takes no steps, and what is put together then. */
async function squash(layer: string): Promise<void> {
  const base = { ...foreignBase, parts: [{ at: '/', lowers: [layer] }] }
  const parent = deepen(base)
  const copied = await store.snapshots.add({ base, parent }, write('copied'))
  say(`snapshot ${copied.id}`)
  const place = await store.snapshots.begin({ base, parent })
  await write('kept')(place.directory)
  const kept = await store.snapshots.keep(place.id, { name: 'kept' })
  say(`snapshot ${kept.id}`)
  await store.snapshots.discard(place.id)
}

/** Made by hand: 64 snapshots would be some hundred steps. */
function deepen(base: SnapshotBase): string {
  let parent: string | undefined
  for (let n = 1; n <= 64; n++) {
    const id = n.toString(16).padStart(32, '0')
    const to = join(directory, 'snaps', id)
    mkdirSync(join(to, '0/upper'), { recursive: true })
    writeFileSync(join(to, '0/upper', `level${n}`), String(n))
    const meta = { id, kind: 'kept', session: 'f'.repeat(16), name: 'level', createdMs: n }
    writeFileSync(join(to, 'meta.json'), JSON.stringify({ ...meta, parent, base }))
    parent = id
  }
  return parent ?? ''
}

/** A snapshot upon layers alone becomes a layer. */
async function commit(layer: string): Promise<void> {
  const base = { ...foreignBase, extras: [], masked: [], parts: [{ at: '/', lowers: [layer] }] }
  const snapshot = await store.snapshots.add({ base }, write('copied'))
  const id = await store.snapshots.commit(snapshot.id, 'committed')
  say(`layer ${id ?? 'none'}`)
}

async function fill(to: { readonly diff: string }): Promise<void> {
  await fillForCrash(to)
  step('fill:written')
}

async function snapshots(layer: string): Promise<void> {
  const base = { ...foreignBase, parts: [{ at: '/', lowers: [layer] }] }
  const place = await store.snapshots.begin({ base })
  mkdirSync(join(place.directory, '0/upper'), { recursive: true })
  writeFileSync(join(place.directory, '0/upper/kept'), 'kept')
  step('snapshot:written')
  const kept = await store.snapshots.keep(place.id, { name: 'kept' })
  say(`snapshot ${kept.id}`)
  const copied = await store.snapshots.add({ base, parent: kept.id }, async (to) => {
    mkdirSync(join(to, '0/upper'), { recursive: true })
    writeFileSync(join(to, '0/upper/copied'), 'copied')
  })
  say(`snapshot ${copied.id}`)
  const dropped = await store.snapshots.begin({ base })
  await store.snapshots.discard(dropped.id)
}

async function publish(): Promise<string> {
  const blob = await store.blobs.ingest(archive())
  say(`blob ${blob.digest}`)
  const layer = await store.layers.publish({ recipe: 'crash', blob: blob.digest, fill })
  await store.refs.set('crash', { kind: 'layer', id: layer.id })
  say(`layer ${layer.id}`)
  return layer.diff
}

if (work === 'publish') await publish()
if (work === 'snapshot') await snapshots(await publish())
if (work === 'squash') await squash(await publish())
if (work === 'commit') await commit(await publish())
if (work === 'collect') {
  await store.refs.delete('garbage')
  for (const { id, name } of store.snapshots.list())
    if (name === 'garbage') await store.snapshots.delete(id)
  await store.collect()
}
if (work === 'repair') {
  await store.repair(parseDigest(layerId), { source: fillForRepair })
  say(`layer ${layerId}`)
  await real?.[Symbol.asyncDispose]()
}
if (work === 'mount') {
  await store.layers.hold(parseDigest(layerId))
  say('held')
  setInterval(() => {}, 1000)
} else if (work === 'hold') {
  await FileLock.take(join(directory, 'lock'), { mode: 'shared' })
  say('held')
  setInterval(() => {}, 1000)
} else {
  say('done')
}
