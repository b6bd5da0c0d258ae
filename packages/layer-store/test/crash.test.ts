import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { parseDigest, type Digest, type LayerStore } from '../dist/index.js'
import { damageForRepair, fillForCrash, fillForRepair } from './damaged-layer.js'
import { foreignBase, makeStore, oneFile, type StoreFixture } from './store-fixture.js'

const script = fileURLToPath(new URL('crash-child.js', import.meta.url))

interface Outcome {
  readonly steps: readonly string[]
  readonly promised: readonly (readonly [kind: string, id: string])[]
  readonly finished: boolean
}

async function runChild(
  directory: string,
  work: string,
  dieAt?: number,
  layer = '',
): Promise<Outcome> {
  const child = spawn(process.execPath, [script, directory, work, String(dieAt ?? ''), layer], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'close')
  const lines = Buffer.concat(await child.stdout.toArray())
    .toString()
    .split('\n')
  const [code, signal] = await exited
  expect([code, signal]).to.deep.equal(dieAt === undefined ? [0, null] : [null, 'SIGKILL'])
  const all = lines.map((line) => line.split(' '))
  return {
    steps: all.flatMap(([kind, name = '']) => (kind === 'step' ? [name] : [])),
    promised: all.flatMap(([kind = '', id = '']) =>
      ['blob', 'layer', 'snapshot'].includes(kind) ? [[kind, id] as const] : [],
    ),
    finished: lines.includes('done'),
  }
}

/** What was promised is there and whole; what is there is whole. */
function checkWhole(store: LayerStore, promised: Outcome['promised']): void {
  for (const [kind, id] of promised) {
    if (kind === 'blob')
      expect(readFileSync(store.blobs.path(parseDigest(id)), 'utf8')).to.equal('archive')
    if (kind === 'layer') expect(store.layers.get(parseDigest(id)), id).not.to.equal(undefined)
    if (kind === 'snapshot') expect(store.snapshots.get(id), id).not.to.equal(undefined)
  }
  for (const layer of store.layers.list())
    if (layer.recipe === 'crash')
      for (let i = 0; i < 5; i++)
        expect(readFileSync(join(layer.diff, 'etc', String(i))).length).to.equal(i * 1000)
  const committed = store.refs.get('layer/committed')
  if (committed?.kind === 'layer') {
    const { diff = '' } = store.layers.get(committed.id) ?? {}
    expect(readFileSync(join(diff, 'copied'), 'utf8')).to.equal('copied')
  }
  for (const { directory, name, parent } of store.snapshots.list()) {
    if (name === 'garbage' || name === 'level') continue
    checkSnapshot(directory, name ?? 'copied')
    if (readdirSync(join(directory, '0/upper')).length === 1) continue
    // put together, and with nothing below any more
    expect(parent).to.equal(undefined)
    for (const n of [1, 64])
      expect(readFileSync(join(directory, '0/upper', `level${n}`), 'utf8')).to.equal(String(n))
  }
}

function checkSnapshot(directory: string, name: string): void {
  expect(readFileSync(join(directory, '0/upper', name), 'utf8')).to.equal(name)
}

/** Nothing unfinished, in the trash, or of a process that is dead. */
function checkNothingLeaked(fixture: StoreFixture): void {
  for (const place of ['layers', 'snaps', 'refs', 'leases']) {
    const leaked = fixture.names(place).filter((name) => /^\.|\.tmp$/.test(name))
    expect(leaked, place).to.deep.equal([])
  }
  for (const place of ['ingest', 'trash']) expect(fixture.names(place), place).to.deep.equal([])
  expect(fixture.names('sessions')).to.have.length(1)
  expect(fixture.names('leases').length).to.be.at.most(1)
  const drafts = readdirSync(fixture.directory).filter((name) => name.endsWith('.tmp'))
  expect(drafts).to.deep.equal([])
}

/**
 * A few at once: they wait for the disk most of the time.
 * @param from the first that counts
 */
async function forEachStep(
  steps: readonly string[],
  use: (dieAt: number) => Promise<void>,
  from = 0,
): Promise<void> {
  const todo = [...steps.keys()].slice(from)
  const worker = async (): Promise<void> => {
    for (let next = todo.shift(); next !== undefined; next = todo.shift()) await use(next)
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

async function countSteps(work: string, prepare: (store: LayerStore) => Promise<void>) {
  await using fixture = await makeStore()
  await prepare(fixture.store)
  await fixture.store[Symbol.asyncDispose]()
  const outcome = await runChild(fixture.directory, work)
  expect(outcome.finished).to.equal(true)
  return outcome.steps
}

async function garbage(store: LayerStore): Promise<void> {
  const layer = await store.layers.publish({ recipe: 'garbage', fill: oneFile('a', '1') })
  await store.refs.set('garbage', { kind: 'layer', id: layer.id })
  const keep = await store.layers.publish({ recipe: 'kept', fill: oneFile('b', '2') })
  await store.refs.set('kept', { kind: 'layer', id: keep.id })
  for (const name of ['garbage', 'garbage', 'kept']) {
    const place = await store.snapshots.begin({ base: foreignBase })
    await store.snapshots.keep(place.id, { name })
  }
  for (const text of ['one', 'two'])
    await store.blobs.ingest(
      (async function* bytes() {
        yield Buffer.from(text)
      })(),
    )
}

/** A layer that much is wrong with, and its id. */
async function damaged(store: LayerStore): Promise<Digest> {
  const layer = await store.layers.publish({ recipe: 'damaged', fill: fillForRepair })
  await store.refs.set('damaged', { kind: 'layer', id: layer.id })
  damageForRepair(layer.diff)
  return layer.id
}

describe('a store whose process is killed', () => {
  let published: readonly string[] | undefined

  for (const work of ['publish', 'snapshot', 'squash', 'commit']) {
    it(`at any step of ${work} loses nothing promised, tears nothing, and leaks nothing`, async function () {
      this.timeout(300_000)
      const steps = await countSteps(work, async () => {})
      expect(steps.length).to.be.greaterThan(work === 'publish' ? 12 : 25)
      if (work === 'squash')
        expect(steps).to.include.members(['squash:filled', 'merge:64', 'squash:merged'])
      if (work === 'commit') expect(steps).to.include('commit:layer')
      // all others begin by publishing, which is looked at once
      published ??= await countSteps('publish', async () => {})
      const from = work === 'publish' ? 0 : published.length
      expect(steps.slice(0, published.length)).to.deep.equal(published)
      let promises = 0
      let unfinished = 0
      const killAt = async (dieAt: number): Promise<void> => {
        await using fixture = await makeStore()
        const { promised, finished } = await runChild(fixture.directory, work, dieAt)
        expect(finished).to.equal(false)
        promises += promised.length
        checkWhole(fixture.store, promised)
        // whoever wants the same next does not have to clean up first
        const fill = fillForCrash
        const again = await fixture.store.layers.publish({ recipe: 'crash', fill })
        expect(again).to.deep.equal(fixture.store.layers.get(again.id))
        checkWhole(fixture.store, promised)
        unfinished += (await fixture.store.collect()).unfinished
        // a collection takes what nothing keeps; names and snapshots do
        checkWhole(
          fixture.store,
          promised.filter(([kind]) => kind === 'layer' || kind === 'snapshot'),
        )
        checkNothingLeaked(fixture)
      }
      await forEachStep(steps, killAt, from)
      expect(unfinished).to.be.greaterThan(0)
      console.log(
        `      ${steps.length - from} kills, ${promises} promises kept, ${unfinished} unfinished things swept`,
      )
    })
  }

  it('at any step of a collection loses nothing, and the next one goes on', async function () {
    this.timeout(300_000)
    const steps = await countSteps('collect', garbage)
    expect(steps.length).to.be.greaterThan(10)
    await forEachStep(steps, async (dieAt) => {
      await using fixture = await makeStore()
      await garbage(fixture.store)
      await fixture.store[Symbol.asyncDispose]()
      await runChild(fixture.directory, 'collect', dieAt)
      const later = await fixture.again()
      await later.refs.delete('garbage')
      for (const { id, name } of later.snapshots.list())
        if (name === 'garbage') await later.snapshots.delete(id)
      await later.collect()
      expect(later.layers.list().map(({ recipe }) => recipe)).to.deep.equal(['kept'])
      expect(later.snapshots.list().map(({ name }) => name)).to.deep.equal(['kept'])
      expect(fixture.names('snaps')).to.have.length(1)
      expect(later.blobs.list()).to.deep.equal([])
      checkNothingLeaked(fixture)
    })
    console.log(`      ${steps.length} kills of a collection`)
  })

  it('at any step of a repair tears nothing, and the next one goes on', async function () {
    this.timeout(600_000)
    let id: Digest | undefined
    const steps: string[] = []
    {
      await using fixture = await makeStore()
      id = await damaged(fixture.store)
      const whole = await runChild(fixture.directory, 'repair', undefined, id)
      expect(whole.finished).to.equal(true)
      steps.push(...whole.steps)
      expect(await fixture.store.verify(id, { deep: true })).to.deep.include({ ok: true })
    }
    expect(steps.length).to.be.greaterThan(18)
    let unfinished = 0
    await forEachStep(steps, async (dieAt) => {
      await using fixture = await makeStore()
      const { store } = fixture
      const layer = await damaged(store)
      const { finished, promised } = await runChild(fixture.directory, 'repair', dieAt, layer)
      expect([finished, promised]).to.deep.equal([false, []])
      const { ok, differences } = await store.verify(layer, { deep: true })
      const isLast = dieAt >= steps.indexOf('repair:synced')
      expect(ok, steps[dieAt]).to.equal(isLast)
      if (!ok) {
        unfinished++
        // by stamps too: nothing that is wrong looks as if it were right
        const quick = new Set((await store.verify(layer)).differences.map(({ path }) => path))
        for (const { path, kind, found } of differences)
          if (kind !== 'attributes' || found?.mode !== undefined)
            expect([...quick]).to.include(path)
      }
      // what stands in a place is whole, the old or the new, and content never has a mode that is another's
      const torn = differences.filter(
        ({ kind, path, found }) =>
          kind === 'content' &&
          (path !== 'etc/passwd' || found?.size !== 'root, and somebody'.length),
      )
      expect(torn).to.deep.equal([])
      const again = await runChild(fixture.directory, 'repair', undefined, layer)
      expect(again.finished).to.equal(true)
      expect(await store.verify(layer, { deep: true })).to.deep.include({ ok: true })
      expect(await store.verify(layer)).to.deep.include({ ok: true, deep: false })
      await store.collect()
      checkNothingLeaked(fixture)
    })
    console.log(
      `      ${steps.length} kills of a repair, ${unfinished} of them before it had mended all`,
    )
  })
})
