// Works in a store and is killed before the n-th step, if that is asked for: crash.test.ts starts it.
// Says each step on stdout, and, once a promise has settled, what was promised.
import { writeSync } from 'node:fs'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileLock } from '../dist/file-lock.js'
import { openWithSteps } from '../dist/open-layer-store.js'
import { createLauncher } from '@caisson/launcher'
import { parseDigest } from '../dist/index.js'
import { fillForRepair } from './damaged-layer.js'
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

const launcher = work === 'repair' ? createLauncher() : undefined
const store = await openWithSteps({ directory, sync: false, launcher }, step)

async function fill({ diff }: { readonly diff: string }): Promise<void> {
  mkdirSync(join(diff, 'etc'))
  for (let i = 0; i < 5; i++) writeFileSync(join(diff, 'etc', String(i)), 'x'.repeat(i * 1000))
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
if (work === 'collect') {
  await store.refs.delete('garbage')
  for (const { id, name } of store.snapshots.list())
    if (name === 'garbage') await store.snapshots.delete(id)
  await store.collect()
}
if (work === 'repair') {
  await store.repair(parseDigest(layerId), { source: fillForRepair })
  say(`layer ${layerId}`)
  await launcher?.[Symbol.asyncDispose]()
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
