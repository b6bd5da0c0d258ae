import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { ActiveSnapshot } from '@caisson/core'
import { FileLock } from '../dist/file-lock.js'
import { LeaseBook } from '../dist/lease.js'
import { openWithSteps } from '../dist/open-layer-store.js'
import { Session } from '../dist/session.js'
import { placesOf } from '../dist/store-places.js'
import { codeOf, foreignBase, makeStore, oneFile } from './store-fixture.js'

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

describe('collect', () => {
  it('cannot come between a lease and the look that follows it, whoever else asks for the same', async () => {
    await using fixture = await makeStore()
    const places = placesOf(fixture.directory)
    const session = await Session.open(places)
    const leases = new LeaseBook(places, session)
    const lock = await FileLock.take(places.lock, { mode: 'exclusive' })
    expect(lock).not.to.equal(undefined)
    const said: string[] = []
    const holds = ['first', 'second'].map(async (name) => {
      const release = await leases.hold([{ kind: 'snapshot', id: '0'.repeat(32) }])
      said.push(name)
      release()
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(said, 'nobody goes on before the lease is on disk').to.deep.equal([])
    lock?.release()
    await Promise.all(holds)
    expect(said).to.have.members(['first', 'second'])
    leases.close()
    session.close()
  })

  it('keeps what a name leads to, with all below it and the blobs of that', async () => {
    await using fixture = await makeStore()
    const { store } = fixture
    const blob = await store.blobs.ingest(bytes('archive'))
    const base = await store.layers.publish({
      recipe: 'base',
      blob: blob.digest,
      fill: oneFile('a', '1'),
    })
    const top = await store.layers.publish({
      recipe: 'top',
      parent: base.id,
      fill: oneFile('b', '2'),
    })
    await store.layers.publish({ recipe: 'other', fill: oneFile('c', '3') })
    await store.blobs.ingest(bytes('unwanted'))
    await store.refs.set('debian:12/gcc', { kind: 'layer', id: top.id })
    // this process held what it made, until it closes
    expect(await store.collect()).to.deep.include({ layers: 0, blobs: 0 })
    await store[Symbol.asyncDispose]()
    const later = await fixture.again()
    expect(await later.collect()).to.deep.include({ layers: 1, blobs: 1, snapshots: 0 })
    expect(later.layers.list().map(({ id }) => id)).to.have.members([base.id, top.id])
    expect(later.refs.get('debian:12/gcc')).to.deep.equal({ kind: 'layer', id: top.id })
    await later.refs.delete('debian:12/gcc')
    const rest = await later.collect()
    expect(rest).to.deep.include({ layers: 2, blobs: 1 })
    expect(rest.bytes).to.be.greaterThan(0)
    expect(fixture.names('trash')).to.deep.equal([])
  })

  it('keeps what any process leases, until the lease ends', async () => {
    await using fixture = await makeStore()
    const layer = await fixture.store.layers.publish({ recipe: 'x', fill: oneFile('a', '1') })
    const lease = await fixture.store.lease({ expiresMs: 60_000 })
    await lease.add({ kind: 'layer', id: layer.id })
    await fixture.store[Symbol.asyncDispose]()
    const other = await fixture.again()
    expect(await other.collect()).to.deep.include({ layers: 0 })
    await lease.release()
    expect(await other.collect()).to.deep.include({ layers: 1 })
    const held = await fixture.again()
    const again = await held.layers.publish({ recipe: 'x', fill: oneFile('a', '1') })
    expect(await other.collect()).to.deep.include({ layers: 0 })
    expect(other.layers.get(again.id)).not.to.equal(undefined)
  })

  it('lets a lease expire', async () => {
    await using fixture = await makeStore()
    const layer = await fixture.store.layers.publish({ recipe: 'x', fill: oneFile('a', '1') })
    await fixture.store.lease({ expiresMs: 1, roots: [{ kind: 'layer', id: layer.id }] })
    await fixture.store[Symbol.asyncDispose]()
    const other = await fixture.again()
    expect(await other.collect()).to.deep.include({ layers: 1 })
    expect(await codeOf(other.lease({ expiresMs: 0 }))).to.equal('ERR_INVALID_SPEC')
  })

  it('waits for those who look something up, and says when it waited in vain', async () => {
    await using fixture = await makeStore()
    const lock = await FileLock.take(join(fixture.directory, 'lock'), { mode: 'shared' })
    const { store } = fixture
    expect(await codeOf(store.collect({ timeoutMs: 1 }))).to.equal('ERR_STORE_LOCKED')
    const waiting = store.collect({ timeoutMs: 60_000 })
    lock?.release()
    await waiting
  })

  it('leaves what is younger than it is asked to, with all that it lies upon', async () => {
    await using fixture = await makeStore()
    const { store, directory } = fixture
    const [base, other] = await Promise.all(
      ['base', 'other'].map((recipe) =>
        store.layers.publish({ recipe, fill: oneFile('a', recipe) }),
      ),
    )
    const young = await store.layers.publish({
      recipe: 'young',
      ...(base === undefined ? {} : { parent: base.id }),
      fill: oneFile('b', '2'),
    })
    await store.blobs.ingest(bytes('blob'))
    const snapshot = await store.snapshots.add({ base: foreignBase }, async () => {})
    await store.snapshots.delete(snapshot.id)
    await store[Symbol.asyncDispose]()
    const longAgo = Date.now() / 1000 - 3600
    for (const layer of [base, other])
      utimesSync(join(layer?.diff ?? '', '../meta.json'), longAgo, longAgo)
    const later = await fixture.again()
    const olderThanMs = 60_000
    expect(await later.collect({ olderThanMs })).to.deep.include({
      layers: 1,
      blobs: 0,
      snapshots: 0,
    })
    expect(later.layers.list().map(({ id }) => id)).to.have.members([base?.id, young.id])
    for (const place of ['blobs/sha256', 'snaps'])
      for (const name of fixture.names(place)) {
        const path = join(directory, place, name)
        utimesSync(place === 'snaps' ? join(path, 'meta.json') : path, longAgo, longAgo)
      }
    expect(await later.collect({ olderThanMs })).to.deep.include({ blobs: 1, snapshots: 1 })
    expect(await later.collect()).to.deep.include({ layers: 2 })
  })

  it('leaves a place alone that is begun after it has looked what there is', async () => {
    await using fixture = await makeStore()
    const { snapshots } = fixture.store
    // so that there is something to be asked about, which takes a process
    await snapshots.begin({ base: foreignBase })
    let begun: Promise<ActiveSnapshot> | undefined
    const step = (name: string): void => {
      if (name !== 'gc:unfinished') return
      setImmediate(() => {
        begun = snapshots.begin({ base: foreignBase })
      })
    }
    const options = { directory: fixture.directory, sync: false }
    await using other = await openWithSteps(options, step)
    expect(await other.collect()).to.deep.include({ snapshots: 0 })
    const place = await begun
    expect(existsSync(place?.directory ?? '')).to.equal(true)
  })

  it('leaves alone what another that lives is filling', async () => {
    await using fixture = await makeStore()
    const other = await fixture.again()
    const filling = async (to: { diff: string }): Promise<void> => {
      await oneFile('a', '1')(to)
      expect(await other.collect()).to.deep.include({ unfinished: 0 })
    }
    const layer = await fixture.store.layers.publish({ recipe: 'x', fill: filling })
    await fixture.store.snapshots.add({ base: foreignBase }, (diff) => filling({ diff }))
    expect(existsSync(join(layer.diff, 'etc/a'))).to.equal(true)
  })

  it('gives up at a signal', async () => {
    await using fixture = await makeStore()
    const collected = fixture.store.collect({ signal: AbortSignal.abort() })
    expect(await codeOf(collected)).to.equal('ERR_ABORTED')
  })

  it('removes downloads nobody went on with for a day, and drafts', async () => {
    await using fixture = await makeStore()
    const { store, directory } = fixture
    for (const ref of ['old', 'new']) {
      const ingest = await store.blobs.begin(ref)
      ingest.append(Buffer.from('half'))
      ingest.suspend()
    }
    const [one = ''] = fixture.names('ingest')
    const longAgo = Date.now() / 1000 - 25 * 3600
    utimesSync(join(directory, 'ingest', one, 'data'), longAgo, longAgo)
    writeFileSync(join(directory, 'refs/x.json.0123.tmp'), 'half')
    expect(await store.collect()).to.deep.include({ unfinished: 1 })
    expect(fixture.names('ingest')).to.have.length(1)
    expect(fixture.names('refs')).to.deep.equal([])
  })

  it('tells places for writes that are in use from those that nobody has any more', async () => {
    await using fixture = await makeStore()
    const { store } = fixture
    const [mounted, left] = [
      await store.snapshots.begin({ base: foreignBase }),
      await store.snapshots.begin({ base: foreignBase }),
    ]
    await store[Symbol.asyncDispose]()
    // as the launcher does for as long as it is mounted
    const lock = await FileLock.take(mounted.directory, { mode: 'exclusive' })
    const other = await fixture.again()
    expect(await other.collect()).to.deep.include({ snapshots: 1 })
    expect(existsSync(mounted.directory)).to.equal(true)
    expect(existsSync(left.directory)).to.equal(false)
    lock?.release()
    expect(await other.collect()).to.deep.include({ snapshots: 1 })
    expect(fixture.names('snaps')).to.deep.equal([])
  })

  it('deletes the rest when something cannot be deleted, and says so', async () => {
    // by names alone nothing reaches the end of this one; a store with a launcher goes by descriptors
    await using fixture = await makeStore()
    const trash = join(fixture.directory, 'trash')
    const deep = Array.from({ length: 12 }, () => 'd'.repeat(200)).join('/')
    for (const name of ['a', 'b']) mkdirSync(join(trash, name, deep), { recursive: true })
    renameSync(join(trash, 'b'), join(trash, 'a', deep, 'b'))
    mkdirSync(join(trash, 'b'))
    mkdirSync(join(trash, 'a', deep, 'c'))
    renameSync(join(trash, 'a'), join(trash, '0'))
    mkdirSync(join(trash, 'more', deep), { recursive: true })
    renameSync(join(trash, '0'), join(trash, 'more', deep, '0'))
    renameSync(join(trash, 'more'), join(trash, '0'))
    expect(await codeOf(fixture.store.collect())).to.equal('ERR_STORE_IO')
    expect(readdirSync(trash)).to.deep.equal(['0'])
    execFileSync('rm', ['-rf', join(trash, '0')])
    await fixture.store.collect()
  })
})

describe('snapshots', () => {
  it('are kept without a copy, lie upon each other, and go with the last that needs them', async () => {
    await using fixture = await makeStore()
    const { store } = fixture
    const layer = await store.layers.publish({ recipe: 'base', fill: oneFile('a', '1') })
    const base = { ...foreignBase, parts: [{ at: '/', lowers: [layer.diff] }] }
    const active = await store.snapshots.begin({ base })
    mkdirSync(join(active.directory, '0/upper'), { recursive: true })
    writeFileSync(join(active.directory, '0/upper/file'), 'x'.repeat(100_000))
    const before = statSync(join(active.directory, '0/upper/file'))
    const first = await store.snapshots.keep(active.id, { name: 'first' })
    expect(statSync(join(first.directory, '0/upper/file')).ino).to.equal(before.ino)
    const second = await store.snapshots.add({ base, parent: first.id }, async (directory) => {
      mkdirSync(join(directory, '0/upper'), { recursive: true })
    })
    const held = await store.snapshots.hold(second.id)
    expect(held.depth).to.equal(2)
    expect(held.parts).to.deep.equal([
      {
        at: '/',
        lowers: [join(second.directory, '0/upper'), join(first.directory, '0/upper'), layer.diff],
      },
    ])
    held.release()
    expect(store.snapshots.list().map(({ name }) => name)).to.have.members(['first', undefined])
    await store[Symbol.asyncDispose]()
    const other = await fixture.again()
    await other.snapshots.delete(first.id)
    expect(other.snapshots.get(first.id)).to.equal(undefined)
    expect(await other.collect()).to.deep.include({ snapshots: 0, layers: 0 })
    await other.snapshots.delete(second.id)
    expect(await other.collect()).to.deep.include({ snapshots: 2, layers: 1 })
  })

  it('that were not kept are given back; those that are not there cannot be kept', async () => {
    await using fixture = await makeStore()
    const { snapshots } = fixture.store
    const active = await snapshots.begin({ base: foreignBase })
    expect(snapshots.get(active.id)).to.equal(undefined)
    await snapshots.discard(active.id)
    await snapshots.discard(active.id)
    expect(fixture.names('snaps')).to.deep.equal([])
    expect(await codeOf(snapshots.keep(active.id))).to.equal('ERR_STORE_NOT_FOUND')
    const parent = 'f'.repeat(32)
    const orphan = snapshots.begin({ base: foreignBase, parent })
    expect(await codeOf(orphan)).to.equal('ERR_STORE_NOT_FOUND')
    expect(await codeOf(snapshots.hold('../x'))).to.equal('ERR_INVALID_SPEC')
  })
})

describe('the lock of a store', () => {
  it('is not had by whoever locked what has no name any more', async () => {
    await using fixture = await makeStore()
    const path = join(fixture.directory, 'lock')
    // opened at once, and locked later
    const taken = FileLock.take(path, { mode: 'exclusive' })
    rmSync(path)
    writeFileSync(path, '')
    expect(await taken).to.equal(undefined)
    const lock = await FileLock.take(path, { mode: 'exclusive' })
    expect(lock).not.to.equal(undefined)
    lock?.release()
  })

  it('is free the moment that its owner is killed', async () => {
    await using fixture = await makeStore()
    const script = fileURLToPath(new URL('crash-child.js', import.meta.url))
    const child = spawn(process.execPath, [script, fixture.directory, 'hold', ''], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const path = join(fixture.directory, 'lock')
    const meanwhile = await FileLock.take(path, { mode: 'exclusive' })
    const dead = once(child, 'exit')
    child.kill('SIGKILL')
    await dead
    expect(meanwhile).to.equal(undefined)
    const lock = await FileLock.take(path, { mode: 'exclusive' })
    expect(lock).not.to.equal(undefined)
    lock?.release()
    await fixture.store.collect()
    expect(readdirSync(join(fixture.directory, 'sessions'))).to.have.length(1)
  })
})

describe('usage', () => {
  it('counts what is there, by kind', async () => {
    await using fixture = await makeStore()
    const { store } = fixture
    await store.blobs.ingest(bytes('x'.repeat(10_000)))
    await store.layers.publish({ recipe: 'x', fill: oneFile('a', 'y'.repeat(50_000)) })
    const place = await store.snapshots.begin({ base: foreignBase })
    writeFileSync(join(place.directory, 'written'), 'z'.repeat(20_000))
    const usage = await store.usage()
    expect(usage.blobs.count).to.equal(1)
    expect(usage.blobs.bytes).to.be.within(10_000, 30_000)
    expect(usage.layers.count).to.equal(1)
    expect(usage.layers.bytes).to.be.within(50_000, 90_000)
    expect(usage.snapshots.count).to.equal(0)
    expect(usage.writes.count).to.equal(1)
    expect(usage.writes.bytes).to.be.within(20_000, 60_000)
    expect(usage.unfinished.count).to.equal(0)
    expect(usage.bytes).to.be.at.least(usage.blobs.bytes + usage.layers.bytes)
    expect(usage.freeBytes).to.be.greaterThan(0)
  })
})
