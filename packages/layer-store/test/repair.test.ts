import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { isCaissonError, type DirectoryJail } from '@caisson/core'
import { packDirectory, writeTar } from '@caisson/tar'
import type { LayerStaging, LayerStore } from '../dist/index.js'
import {
  bigContent,
  jailAt,
  makeLayerWithAll,
  manyKinds,
  oddName,
  type LayerWithAll,
} from './layer-with-all.js'
import { codeOf, foreignBase } from './store-fixture.js'

const at = (path: string): Buffer => Buffer.from(path, 'latin1')

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Everything in it goes: files, directories, links, devices. */
async function destroy(jail: DirectoryJail): Promise<void> {
  for (const name of ['etc', 'usr', 'bin', 'secret', 'tmp', 'empty'])
    await jail.files.remove(at(name), true)
}

async function expectWhole(all: LayerWithAll): Promise<void> {
  const deep = await all.store.verify(all.layer.id, { deep: true })
  expect(deep.differences).to.deep.equal([])
  expect(await all.store.verify(all.layer.id)).to.deep.include({ ok: true, deep: false })
}

/** The archive of the layer, in the store: published anew with it as its blob. */
async function withBlob(all: LayerWithAll, pack = (bytes: Buffer): Buffer => bytes) {
  const parts: Uint8Array[] = []
  // devices are not every user's to unpack
  for await (const part of writeTar(packDirectory(all.jail))) parts.push(part)
  const { digest } = await all.store.blobs.ingest(bytesOf(pack(Buffer.concat(parts))))
  const other = await all.again()
  const layer = await other.layers.publish({ recipe: 'blob', blob: digest, fill: all.fill })
  return { layer, digest, jail: await jailAt(all.launcher, layer.diff) }
}

describe('repair', function () {
  this.timeout(120_000)

  it('finds nothing to do in what is whole', async () => {
    await using all = await makeLayerWithAll()
    const repair = await all.store.repair(all.layer.id)
    const contents = { layer: 0, blob: 0, source: 0 }
    expect(repair).to.deep.equal({ layer: all.layer.id, mended: [], contents })
  })

  it('makes everything again, of every kind, out of a source', async () => {
    await using all = await makeLayerWithAll()
    await destroy(all.jail)
    const { mended, contents } = await all.store.repair(all.layer.id, { source: all.fill })
    expect(mended.length).to.be.at.least(manyKinds(all.jail.identity.mode === 'root').length)
    expect(contents.source).to.be.greaterThan(5)
    await expectWhole(all)
    const { status, xattrs } = await all.jail.get(at('usr/bin/su'))
    expect(status.mode & 0o7777).to.equal(0o4755)
    expect(Buffer.from(xattrs.get('user.note') ?? []).toString()).to.equal('kept')
    const [one, two] = [
      await all.jail.get(at('usr/bin/tool')),
      await all.jail.get(at('usr/bin/tool-3')),
    ]
    expect(one.status.ino).to.equal(two.status.ino)
    expect(await all.jail.get(at('etc/gone'))).to.deep.include({ device: { major: 0, minor: 0 } })
    expect(all.fixture.names('layers').filter((name) => name.startsWith('.'))).to.deep.equal([])
  })

  it('takes content out of the blob, wherever it lies in there, and compressed as it is', async () => {
    await using all = await makeLayerWithAll()
    const { layer, jail } = await withBlob(all, gzipSync)
    await using served = jail
    await destroy(served)
    const { contents } = await all.store.repair(layer.id)
    expect(contents).to.deep.include({ source: 0 })
    expect(contents.blob).to.be.greaterThan(5)
    const { differences } = await all.store.verify(layer.id, { deep: true })
    expect(differences).to.deep.equal([])
  })

  it('unpacks a blob to the same as its digest says, or goes on to the source', async () => {
    await using all = await makeLayerWithAll()
    const { layer, digest, jail } = await withBlob(all, gzipSync)
    await using served = jail
    await served.files.remove(at('usr/big'), false)
    const path = all.store.blobs.path(digest)
    const bytes = readFileSync(path)
    bytes.fill(0, 100, 200)
    await using blobs = await jailAt(all.launcher, join(path, '..'))
    await blobs.make({
      type: 'file',
      path: at(digest.slice(7)),
      mode: 0o444,
      content: bytes,
      replace: true,
    })
    const found = await all.store.blobs.verify(digest)
    expect(found).to.deep.include({ ok: false, digest })
    const failed = await all.store.repair(layer.id).then(
      () => expect.fail('it was repaired'),
      (error: unknown) => error,
    )
    if (!isCaissonError(failed, 'ERR_STORE_DAMAGED')) throw failed
    expect(failed.message).to.contain('usr/big (missing)')
    expect(isCaissonError(failed.cause, 'ERR_ARCHIVE_CORRUPT')).to.equal(true)
    const { contents } = await all.store.repair(layer.id, { source: all.fill })
    expect(contents).to.deep.equal({ layer: 0, blob: 0, source: 1 })
  })

  it('takes it out of the layer itself where that has it twice, and remembers how this process fills it', async () => {
    await using all = await makeLayerWithAll({ rememberFill: true })
    await all.jail.files.remove(at('usr/bin/twin'), false)
    await all.jail.files.remove(at('usr/bin/tool-2'), false)
    await all.jail.files.remove(at('secret/key'), false)
    const { contents } = await all.store.repair(all.layer.id)
    expect(contents).to.deep.equal({ layer: 1, blob: 0, source: 1 })
    await expectWhole(all)
  })

  it('tells its source what is wanted, which need not make more', async () => {
    await using all = await makeLayerWithAll()
    await all.jail.files.remove(at('usr/big'), false)
    await all.jail.files.remove(at(oddName), false)
    await all.jail.files.remove(at('usr/bin/twin'), false)
    await all.jail.files.remove(at('etc/empty'), false)
    await all.jail.files.set(at('tmp'), { mode: 0o700 }, false)
    const wanted: string[] = []
    const source = async (staging: LayerStaging): Promise<void> => {
      for (const path of staging.wanted ?? []) wanted.push(Buffer.from(path).toString('latin1'))
      await using jail = await jailAt(all.launcher, staging.diff)
      for (const name of ['etc', 'usr']) await jail.files.mkdir(at(name), 0o755, false)
      await jail.make({ type: 'file', path: at('usr/big'), mode: 0o600 })
      const file = await jail.open(at('usr/big'), { access: 'write' })
      for (let from = 0; from < bigContent.length; from += 200_000)
        await file.write(bigContent.subarray(from, from + 200_000))
      await file.close()
      await jail.make({ type: 'file', path: at(oddName), mode: 0o600, content: at('odd') })
    }
    const { contents } = await all.store.repair(all.layer.id, { source })
    expect(wanted).to.deep.equal([oddName, 'usr/big'])
    expect(contents).to.deep.equal({ layer: 1, blob: 0, source: 2 })
    await expectWhole(all)
  })

  it('restores the first name of a file with its others', async () => {
    await using all = await makeLayerWithAll()
    await all.jail.files.remove(at('usr/bin/tool'), false)
    const { contents } = await all.store.repair(all.layer.id)
    expect(contents).to.deep.equal({ layer: 1, blob: 0, source: 0 })
    await expectWhole(all)
    const file = await all.jail.open(at('usr/bin/tool-2'), { access: 'write' })
    await file.write(at('forged'))
    await file.close()
    await all.store.repair(all.layer.id, { source: all.fill })
    await expectWhole(all)
  })

  it('leaves what is as it was where it is, and takes away what is too much', async () => {
    await using all = await makeLayerWithAll()
    const before = await all.jail.get(at('usr/big'))
    await all.jail.files.mkdir(at('etc/\xfe new'), 0o755, false)
    await all.jail.make({ type: 'file', path: at('etc/\xfe new/x'), mode: 0o644, content: at('x') })
    await all.jail.files.set(at('secret/key'), { mode: 0o444 }, false)
    await all.jail.files.set(at('usr'), { mode: 0o700 }, false)
    await all.jail.files.remove(at(oddName), false)
    await all.jail.make({ type: 'directory', path: at(oddName), mode: 0o755 })
    const key = await all.jail.get(at('secret/key'))
    const { mended } = await all.store.repair(all.layer.id, { source: all.fill })
    expect(mended.map(({ kind }) => kind)).to.include.members(['added', 'attributes', 'type'])
    await expectWhole(all)
    const after = await all.jail.get(at('usr/big'))
    expect([after.status.ino, after.status.ctimeNs]).to.deep.equal([
      before.status.ino,
      before.status.ctimeNs,
    ])
    expect((await all.jail.get(at('secret/key'))).status.ino).to.equal(key.status.ino)
  })

  it('makes a file anew that has an attribute too many', async () => {
    await using all = await makeLayerWithAll()
    await all.jail.setXattr(at('etc/passwd'), 'user.more', at('x'))
    const { contents } = await all.store.repair(all.layer.id)
    expect(contents).to.deep.equal({ layer: 1, blob: 0, source: 0 })
    await expectWhole(all)
    expect((await all.jail.get(at('etc/passwd'))).xattrs.size).to.equal(0)
  })

  it('says what is left where nothing has the content, and still puts the rest right', async () => {
    await using all = await makeLayerWithAll()
    await all.jail.files.remove(at('usr/big'), false)
    await all.jail.files.set(at('tmp'), { mode: 0o700 }, false)
    const wrong = async ({ diff }: LayerStaging): Promise<void> => {
      await using jail = await jailAt(all.launcher, diff)
      await jail.files.mkdir(at('usr'), 0o755, false)
      const content = Buffer.alloc(1000, 'other')
      await jail.make({ type: 'file', path: at('usr/big'), mode: 0o644, content })
    }
    const failed = await all.store.repair(all.layer.id, { source: wrong }).then(
      () => expect.fail('it was repaired'),
      (error: unknown) => error,
    )
    if (!isCaissonError(failed, 'ERR_STORE_DAMAGED')) throw failed
    expect(failed.message).to.contain('usr/big (missing)').and.not.to.contain('tmp')
    const left = await all.store.verify(all.layer.id)
    expect(left.differences.map(({ path }) => path)).to.deep.equal(['usr/big'])
  })

  it('takes a copy of the store for what it is once all of it was read', async () => {
    await using all = await makeLayerWithAll()
    // another number for a file with the same content: what copying does to all of them
    const [{ status, content }, path] = [
      await all.jail.get(at('etc/passwd'), 4096),
      at('etc/passwd'),
    ]
    const { mode, uid, gid, atimeNs, mtimeNs } = status
    const times = { atimeNs, mtimeNs }
    await all.jail.make({
      type: 'file',
      path,
      mode: mode & 0o7777,
      owner: { uid, gid },
      times,
      content: content ?? at(''),
      replace: true,
    })
    const directory = all.layer
    expect(await all.store.verify(directory.id)).to.deep.include({ ok: false })
    await all.store.repair(directory.id)
    expect(await all.store.verify(directory.id)).to.deep.include({ ok: true, deep: false })
  })

  it('without `deep` reads only what a quick check finds', async () => {
    await using all = await makeLayerWithAll()
    await all.jail.files.set(at('secret/key'), { mode: 0o444 }, false)
    const { mended } = await all.store.repair(all.layer.id, { deep: false })
    expect(mended.map(({ path }) => path)).to.deep.equal(['secret/key'])
    await expectWhole(all)
  })

  it('refuses what is wrong in its options', async () => {
    await using all = await makeLayerWithAll()
    const { store, layer } = all
    expect(await codeOf(store.repair(layer.id, { timeoutMs: -1 }))).to.equal('ERR_INVALID_SPEC')
    const signal = AbortSignal.abort()
    expect(await codeOf(store.repair(layer.id, { signal }))).to.equal('ERR_ABORTED')
  })
})

async function refused(store: LayerStore, all: LayerWithAll): Promise<string> {
  const failed = await store.repair(all.layer.id, { timeoutMs: 0 }).then(
    () => expect.fail('it was repaired'),
    (error: unknown) => error,
  )
  if (!isCaissonError(failed, 'ERR_STORE_BUSY')) throw failed
  return failed.message
}

describe('repair, while somebody has the layer mounted', function () {
  this.timeout(120_000)

  it('is refused, naming who, and changes nothing', async () => {
    await using all = await makeLayerWithAll()
    await all.jail.files.set(at('tmp'), { mode: 0o700 }, false)
    const other = await all.again()
    const held = await other.layers.hold(all.layer.id)
    expect(await refused(all.store, all)).to.contain(`process ${process.pid}`)
    expect(await refused(other, all)).to.contain(`this process (${process.pid})`)
    const { differences } = await all.store.verify(all.layer.id)
    expect(differences.map(({ path }) => path)).to.deep.equal(['tmp'])
    held.release()
    // a launcher may have a container ready on it for some seconds more: that is waited for
    const seen: string[] = []
    await all.store.repair(all.layer.id, { onProgress: ({ phase }) => seen.push(phase) })
    expect(seen[0]).to.equal('wait')
    await expectWhole(all)
  })

  it('is refused for a snapshot that lies upon it, and for one of many that use it', async () => {
    await using all = await makeLayerWithAll()
    const base = { ...foreignBase, parts: [{ at: '/', lowers: [all.layer.diff] }] }
    const { snapshots } = all.store
    const { id } = await snapshots.add({ base }, async () => {})
    // one that lies there and is mounted by nobody is in nobody's way
    await all.store.repair(all.layer.id, { timeoutMs: 0 })
    const held = await snapshots.hold(id)
    await refused(all.store, all)
    const also = await all.store.layers.hold(all.layer.id)
    held.release()
    await refused(all.store, all)
    also.release()
  })

  it('is refused while another process has it, until that is killed', async () => {
    await using all = await makeLayerWithAll()
    const script = fileURLToPath(new URL('crash-child.js', import.meta.url))
    const args = [script, all.fixture.directory, 'mount', '', all.layer.id]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const dead = once(child, 'exit')
    try {
      expect(await refused(all.store, all)).to.contain(`process ${child.pid}`)
    } finally {
      child.kill('SIGKILL')
      await dead
    }
    await all.store.repair(all.layer.id, { timeoutMs: 0 })
  })

  it('makes whoever wants to mount it wait', async () => {
    await using all = await makeLayerWithAll()
    await all.jail.files.remove(at('usr/big'), false)
    const other = await all.again()
    const order: string[] = []
    let holding: Promise<unknown> | undefined
    const source = async (to: LayerStaging): Promise<void> => {
      holding = other.layers.hold(all.layer.id).then(() => order.push('mounted'))
      await all.fill(to)
      order.push('filled')
    }
    await all.store.repair(all.layer.id, { source }).then(() => order.push('repaired'))
    await holding
    expect(order.indexOf('mounted')).to.be.greaterThan(order.indexOf('filled'))
    expect((await all.jail.get(at('usr/big'))).status.size).to.equal(bigContent.length)
  })

  it('gives up waiting at a signal', async () => {
    await using all = await makeLayerWithAll()
    const held = await all.store.layers.hold(all.layer.id)
    const abort = new AbortController()
    const onProgress = ({ phase }: { phase: string }): void => {
      if (phase === 'wait') abort.abort()
    }
    const { signal } = abort
    const waiting = all.store.repair(all.layer.id, { signal, onProgress, timeoutMs: 60_000 })
    expect(await codeOf(waiting)).to.equal('ERR_ABORTED')
    held.release()
  })
})

describe('blobs.verify', () => {
  it('tells whether a blob is what its name says', async () => {
    await using all = await makeLayerWithAll()
    const { blobs } = all.store
    const { digest } = await blobs.ingest(bytesOf(Buffer.from('an archive')))
    const good = await blobs.verify(digest)
    expect(good).to.deep.equal({ ok: true, digest, found: digest, size: 10 })
    // its mode keeps nobody out who really wants to
    await using jail = await jailAt(all.launcher, join(blobs.path(digest), '..'))
    await jail.files.set(at(digest.slice(7)), { mode: 0o644 }, false)
    writeFileSync(blobs.path(digest), 'an Archive')
    const bad = await blobs.verify(digest)
    expect(bad).to.deep.include({ ok: false, digest, size: 10 })
    expect(bad.found).not.to.equal(digest)
  })
})
