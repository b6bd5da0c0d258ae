import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { DirectoryJail } from '@caisson/core'
import { openLayerStore, parseDigest, type Difference, type LayerStore } from '../dist/index.js'
import { readManifest, replaceStamps } from '../dist/layer-manifest.js'
import type { Stamp } from '../dist/stamps.js'
import { makeLayerWithAll, oddName, type LayerWithAll } from './layer-with-all.js'
import { codeOf, makeStore, oneFile } from './store-fixture.js'

const at = (path: string): Buffer => Buffer.from(path, 'latin1')

async function append(jail: DirectoryJail, path: string, text: string): Promise<void> {
  const file = await jail.open(at(path), { access: 'append', follow: false })
  await file.write(Buffer.from(text))
  await file.close()
}

/** Other bytes of the same number, with the mode and the times that were there: as somebody does who does not want to be seen. */
async function forge(jail: DirectoryJail, path: string): Promise<void> {
  const file = await jail.open(at(path), { access: 'write', follow: false })
  const { size, mode, atimeNs, mtimeNs } = file.status
  await file.write(Buffer.alloc(Math.min(size, 1000), 'x'))
  await file.set({ mode: mode & 0o7777, times: { atimeNs, mtimeNs } })
  await file.close()
}

/** Stamps by which all that is there is as it was left. */
async function believe({ layer, jail }: LayerWithAll): Promise<void> {
  const { manifest, digest } = readManifest(layer)
  const stamps: Stamp[] = []
  for (const { path } of manifest.entries) {
    const { ino, ctimeNs } = (await jail.get(at(path === '' ? '.' : path))).status
    stamps.push({ ino, ctimeNs })
  }
  replaceStamps(join(layer.diff, '..'), digest, stamps)
}

interface Damage {
  readonly title: string
  /** It takes more ids than one. */
  readonly ids?: true
  readonly do: (jail: DirectoryJail) => Promise<void>
  /** Path and kind of each difference, without and with `deep`. */
  readonly quick: Readonly<Record<string, Difference['kind']>>
  readonly deep: Readonly<Record<string, Difference['kind']>>
}

const damages: readonly Damage[] = [
  {
    title: 'a deleted file',
    do: (jail) => jail.files.remove(at('usr/bin/su'), false),
    quick: { 'usr/bin/su': 'missing' },
    deep: { 'usr/bin/su': 'missing' },
  },
  {
    title: 'a deleted directory, with all that was in it',
    do: (jail) => jail.files.remove(at('secret'), true),
    quick: { secret: 'missing', 'secret/key': 'missing' },
    deep: { secret: 'missing', 'secret/key': 'missing' },
  },
  {
    title: 'a file that something was appended to',
    do: (jail) => append(jail, 'etc/passwd', 'evil::0:0\n'),
    quick: { 'etc/passwd': 'content' },
    deep: { 'etc/passwd': 'content' },
  },
  {
    title: 'a file with other bytes, of the old size and times',
    do: (jail) => forge(jail, 'usr/big'),
    quick: { 'usr/big': 'touched' },
    deep: { 'usr/big': 'content' },
  },
  {
    title: 'a file of another mode',
    do: (jail) => jail.files.set(at('secret/key'), { mode: 0o444 }, false),
    quick: { 'secret/key': 'attributes' },
    deep: { 'secret/key': 'attributes' },
  },
  {
    title: 'a directory of another mode',
    do: (jail) => jail.files.set(at('tmp'), { mode: 0o777 }, false),
    quick: { tmp: 'attributes' },
    deep: { tmp: 'attributes' },
  },
  {
    title: 'a file of another owner',
    ids: true,
    do: (jail) => jail.files.set(at('etc/passwd'), { owner: { uid: 7, gid: 0 } }, false),
    quick: { 'etc/passwd': 'attributes' },
    deep: { 'etc/passwd': 'attributes' },
  },
  {
    title: 'a file of another group',
    ids: true,
    do: (jail) => jail.files.set(at('etc/passwd'), { owner: { uid: 0, gid: 7 } }, false),
    quick: { 'etc/passwd': 'attributes' },
    deep: { 'etc/passwd': 'attributes' },
  },
  {
    title: 'a file that has another time',
    do: (jail) => jail.files.set(at('etc/passwd'), { times: { atimeNs: 0n, mtimeNs: 1n } }, false),
    quick: { 'etc/passwd': 'touched' },
    deep: { 'etc/passwd': 'attributes' },
  },
  {
    title: 'an attribute that was changed',
    do: (jail) => jail.setXattr(at('usr/bin/su'), 'user.note', at('changed')),
    quick: { 'usr/bin/su': 'touched' },
    deep: { 'usr/bin/su': 'attributes' },
  },
  {
    title: 'a file too many, of any name',
    do: (jail) => jail.make({ type: 'file', path: at('etc/\xfe new'), mode: 0o644 }),
    quick: { 'etc/\ufffd new': 'added' },
    deep: { 'etc/\ufffd new': 'added' },
  },
  {
    title: 'a directory too many, once',
    do: async (jail) => {
      await jail.files.mkdir(at('opt'), 0o755, false)
      await jail.files.mkdir(at('opt/more'), 0o755, false)
    },
    quick: { opt: 'added' },
    deep: { opt: 'added' },
  },
  {
    title: 'a link that leads elsewhere',
    do: async (jail) => {
      await jail.files.remove(at('bin'), false)
      const [target, times] = [at('usr/BIN'), { atimeNs: 0n, mtimeNs: 0n }]
      await jail.make({ type: 'symlink', path: at('bin'), mode: 0o777, target, times })
    },
    quick: { bin: 'touched' },
    deep: { bin: 'content' },
  },
  {
    title: 'a directory with a link in its place, which is not followed',
    do: async (jail) => {
      await jail.files.rename(at('etc'), at('ETC'))
      await jail.files.symlink(at('ETC'), at('etc'))
    },
    quick: {
      ETC: 'added',
      etc: 'type',
      'etc/passwd': 'missing',
      'etc/empty': 'missing',
      'etc/gone': 'missing',
      [Buffer.from(oddName, 'latin1').toString()]: 'missing',
    },
    deep: {
      ETC: 'added',
      etc: 'type',
      'etc/passwd': 'missing',
      'etc/empty': 'missing',
      'etc/gone': 'missing',
      [Buffer.from(oddName, 'latin1').toString()]: 'missing',
    },
  },
  {
    title: 'another name of a file that has become a file of its own',
    do: async (jail) => {
      await jail.files.remove(at('usr/bin/tool-2'), false)
      const { status } = await jail.get(at('usr/bin/tool'))
      const { atimeNs, mtimeNs, mode, uid, gid } = status
      await jail.make({
        type: 'file',
        path: at('usr/bin/tool-2'),
        mode: mode & 0o7777,
        owner: { uid, gid },
        content: at('a tool'),
        times: { atimeNs, mtimeNs },
      })
    },
    quick: { 'usr/bin/tool': 'touched', 'usr/bin/tool-2': 'links', 'usr/bin/tool-3': 'touched' },
    deep: { 'usr/bin/tool-2': 'links' },
  },
]

async function kinds(store: LayerStore, layer: string, deep: boolean) {
  const { ok, differences, deep: wasDeep } = await store.verify(parseDigest(layer), { deep })
  expect(wasDeep).to.equal(deep)
  expect(ok).to.equal(differences.length === 0)
  return Object.fromEntries(differences.map(({ path, kind }) => [path, kind]))
}

async function bigFiles({ diff }: { diff: string }): Promise<void> {
  for (let i = 0; i < 40; i++) writeFileSync(join(diff, `big-${i}`), Buffer.alloc(2 << 20, i))
  return Promise.resolve()
}

describe('verify', function () {
  this.timeout(60_000)

  it('finds nothing in what was just published, neither by stamps nor by reading all of it', async () => {
    await using all = await makeLayerWithAll()
    const { store, layer } = all
    const quick = await store.verify(layer.id)
    expect(quick).to.deep.include({ ok: true, deep: false, differences: [], bytes: 0 })
    const deep = await store.verify(layer.id, { deep: true })
    expect(deep).to.deep.include({ ok: true, deep: true, xattrs: true, differences: [] })
    expect(deep.checked).to.equal(quick.checked)
    expect(deep.bytes).to.be.greaterThan(700_000)
    expect(await kinds(await all.again(), layer.id, true)).to.deep.equal({})
  })

  for (const damage of damages) {
    it(`finds ${damage.title}`, async function () {
      await using all = await makeLayerWithAll()
      if (damage.ids === true && all.jail.identity.mode === 'single') {
        console.log('      skipped: this user has one id, and no file can have another')
        return this.skip()
      }
      await damage.do(all.jail)
      const quick = await kinds(all.store, all.layer.id, false)
      // a directory in which something was done has other times, and is told of where that is all
      expect(quick).to.deep.include(damage.quick)
      const deep = await kinds(all.store, all.layer.id, true)
      expect(deep).to.deep.include(damage.deep)
      const others = Object.keys(deep).filter((path) => !(path in damage.deep))
      const parents = ['', 'etc', 'usr', 'usr/bin', 'secret', 'tmp']
      expect(others.filter((path) => !parents.includes(path))).to.deep.equal([])
      return undefined
    })
  }

  it('says what was there and what is', async () => {
    await using all = await makeLayerWithAll()
    await all.jail.files.set(at('usr/bin/su'), { mode: 0o755 }, false)
    const { differences } = await all.store.verify(all.layer.id, { deep: true })
    expect(differences).to.deep.equal([
      {
        path: 'usr/bin/su',
        pathBytes: at('usr/bin/su'),
        kind: 'attributes',
        expected: { mode: 0o4755 },
        found: { mode: 0o755 },
      },
    ])
  })

  it('tells a name exactly, of whatever bytes', async () => {
    await using all = await makeLayerWithAll()
    await all.jail.files.remove(at(oddName), false)
    const { differences } = await all.store.verify(all.layer.id)
    expect(differences.map(({ pathBytes }) => pathBytes)).to.deep.equal([at(oddName)])
  })

  it('reads everything, unasked, where its stamps were lost', async () => {
    await using all = await makeLayerWithAll()
    const stamps = join(all.layer.diff, '../stamps')
    const good = readFileSync(stamps)
    const flipped = Buffer.from(good)
    flipped[good.length / 2] = ~(good[good.length / 2] ?? 0) & 0xff
    for (const bad of [good.subarray(0, 100), Buffer.alloc(good.length), flipped, undefined]) {
      rmSync(stamps)
      if (bad !== undefined) writeFileSync(stamps, bad)
      expect(await all.store.verify(all.layer.id)).to.deep.include({ ok: true, deep: true })
    }
  })

  it('tells by reading what no time tells: what the disk did by itself', async () => {
    await using all = await makeLayerWithAll()
    await forge(all.jail, 'usr/big')
    await believe(all)
    expect(await kinds(all.store, all.layer.id, false)).to.deep.equal({})
    expect(await kinds(all.store, all.layer.id, true)).to.deep.equal({ 'usr/big': 'content' })
    // by default a repair reads everything
    const { mended } = await all.store.repair(all.layer.id, { source: all.fill })
    expect(mended.map(({ path }) => path)).to.deep.equal(['usr/big'])
    expect(await kinds(all.store, all.layer.id, true)).to.deep.equal({})
  })

  it('refuses a manifest that is not what was written', async () => {
    await using all = await makeLayerWithAll()
    const path = join(all.layer.diff, '../manifest')
    const good = readFileSync(path, 'latin1')
    for (const bad of [good.replace('4755', '0755'), good.slice(0, -20), '', undefined]) {
      rmSync(path)
      if (bad !== undefined) writeFileSync(path, bad, 'latin1')
      expect(await codeOf(all.store.verify(all.layer.id))).to.equal('ERR_STORE_DAMAGED')
      expect(await codeOf(all.store.repair(all.layer.id))).to.equal('ERR_STORE_DAMAGED')
    }
  })

  it('says so where an older version published the layer', async () => {
    await using fixture = await makeStore()
    const { layers } = fixture.store
    const layer = await layers.publish({ recipe: 'old', fill: oneFile('a', '1') })
    const path = join(layer.diff, '../meta.json')
    const meta: object = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...meta, manifest: undefined }))
    expect(layers.get(layer.id)?.manifest).to.equal(undefined)
    expect(await codeOf(fixture.store.verify(layer.id))).to.equal('ERR_STORE_NO_MANIFEST')
    expect(await codeOf(fixture.store.repair(layer.id))).to.equal('ERR_STORE_NO_MANIFEST')
  })

  it('refuses what is no layer, and gives up at a signal', async () => {
    await using fixture = await makeStore()
    const { store } = fixture
    const absent = parseDigest(`sha256:${'0'.repeat(64)}`)
    expect(await codeOf(store.verify(absent))).to.equal('ERR_STORE_NOT_FOUND')
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is the point
    const path = '../../etc' as never
    expect(await codeOf(store.verify(path))).to.equal('ERR_INVALID_SPEC')
    const { id } = await store.layers.publish({ recipe: 'x', fill: oneFile('a', '1') })
    const signal = AbortSignal.abort()
    expect(await codeOf(store.verify(id, { signal }))).to.equal('ERR_ABORTED')
  })

  it('works without a launcher, by the times of last changes where it is about attributes', async () => {
    await using fixture = await makeStore()
    const { store } = fixture
    const layer = await store.layers.publish({ recipe: 'x', fill: oneFile('a', '1') })
    expect(await store.verify(layer.id, { deep: true })).to.deep.include({
      ok: true,
      xattrs: false,
    })
    writeFileSync(join(layer.diff, 'etc/a'), '2')
    expect(await kinds(store, layer.id, false)).to.deep.equal({ 'etc/a': 'touched' })
    expect(await kinds(store, layer.id, true)).to.deep.equal({ 'etc/a': 'content' })
    await using other = await openLayerStore({ directory: fixture.directory, sync: false })
    expect(await codeOf(other.repair(layer.id))).to.equal('ERR_UNSUPPORTED')
  })

  it('is many times as quick as reading', async () => {
    await using fixture = await makeStore()
    const { store } = fixture
    const { id } = await store.layers.publish({ recipe: 'x', fill: bigFiles })
    const took = async (deep: boolean): Promise<number> => {
      const start = process.hrtime.bigint()
      expect(await store.verify(id, { deep })).to.deep.include({ ok: true })
      return Number(process.hrtime.bigint() - start)
    }
    await took(false)
    const [quick, deep] = [Math.min(await took(false), await took(false)), await took(true)]
    expect(deep / quick).to.be.greaterThan(3)
  })
})
