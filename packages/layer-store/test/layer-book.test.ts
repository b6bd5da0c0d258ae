import { EventEmitter, once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { chainIdOf, openLayerStore, parseDigest, type Digest } from '../dist/index.js'
import { codeOf, makeStore, oneFile } from './store-fixture.js'

const diffId = (letter: string): Digest => parseDigest(`sha256:${letter.repeat(64)}`)

/** A terabyte, and nothing of it on the disk. */
async function oneHole({ diff }: { diff: string }): Promise<void> {
  writeFileSync(join(diff, 'hole'), '')
  truncateSync(join(diff, 'hole'), 2 ** 40)
  return Promise.resolve()
}

describe('layers', () => {
  it('have chain ids as the OCI image specification computes them', () => {
    const [a, b] = [diffId('a'), diffId('b')]
    expect(chainIdOf(a)).to.equal(a)
    // by sha256sum of the two with a space between
    expect(chainIdOf(b, a)).to.equal(
      'sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c',
    )
    expect(chainIdOf(b, a)).not.to.equal(chainIdOf(a, b))
  })

  it('take no more content than can be read in minutes, however little of it is on the disk', async () => {
    await using fixture = await makeStore()
    const { layers } = fixture.store
    expect(await codeOf(layers.publish({ recipe: 'holes', fill: oneHole }))).to.equal(
      'ERR_FILE_LIMIT',
    )
    expect(fixture.names('layers')).to.deep.equal([])
  })

  it('appear whole, lie upon each other, and are made once', async () => {
    await using fixture = await makeStore()
    const { layers } = fixture.store
    let fills = 0
    const draft = {
      recipe: 'base 1',
      fill: async (to: { diff: string }) => {
        fills++
        await oneFile('a', 'base')(to)
      },
    }
    const [base, same] = await Promise.all([layers.publish(draft), layers.publish(draft)])
    expect(same).to.equal(base)
    await layers.publish(draft)
    expect(fills).to.equal(1)
    const top = await layers.publish({
      diffId: diffId('b'),
      parent: base.id,
      fill: oneFile('b', 'top'),
    })
    expect(top.id).to.equal(chainIdOf(diffId('b'), base.id))
    const held = await layers.hold(top.id)
    expect(held.lowers).to.deep.equal([top.diff, base.diff])
    held.release()
    expect(readFileSync(join(base.diff, 'etc/a'), 'utf8')).to.equal('base')
    expect(statSync(base.diff).mode & 0o777).to.equal(0o755)
    expect(fixture.names('layers').filter((name) => name.startsWith('.'))).to.deep.equal([])
  })

  it('are found out while they are filled: named by what came out, and made once', async () => {
    await using fixture = await makeStore()
    const { blobs, layers } = fixture.store
    const blob = await blobs.ingest(
      (async function* () {
        yield Buffer.from('an archive')
      })(),
    )
    const base = await layers.publish({ recipe: 'base', fill: oneFile('b', 'base') })
    let fills = 0
    const draft = {
      parent: base.id,
      fill: async (to: { diff: string }) => {
        fills++
        await oneFile('a', 'found')(to)
        return { diffId: diffId('c'), blob: blob.digest }
      },
    }
    const all = await Promise.all([layers.publishUnknown(draft), layers.publishUnknown(draft)])
    all.push(await layers.publishUnknown(draft))
    for (const layer of all) expect(layer).to.deep.equal(layers.get(layer.id))
    expect(new Set(all.map(({ id }) => id))).to.deep.equal(
      new Set([chainIdOf(diffId('c'), base.id)]),
    )
    expect([fills, all[0]?.blob, all[0]?.parent]).to.deep.equal([3, blob.digest, base.id])
    expect(fixture.names('layers').filter((name) => name.startsWith('.'))).to.deep.equal([])
    await fixture.store.collect()
    expect(layers.get(chainIdOf(diffId('c'), base.id))).to.not.equal(undefined)
  })

  it('leave nothing when what they are is not found out', async () => {
    await using fixture = await makeStore()
    const { layers } = fixture.store
    const failing = layers.publishUnknown({ fill: () => Promise.reject(new Error('no archive')) })
    expect(await failing.catch((error: unknown) => String(error))).to.equal('Error: no archive')
    // what the types do not have
    const none = { diffId: 'sha256:../..' } as never
    const unknown = layers.publishUnknown({ fill: () => Promise.resolve(none) })
    expect(await codeOf(unknown)).to.equal('ERR_INVALID_SPEC')
    const parent = diffId('f')
    const orphan = layers.publishUnknown({ parent, fill: () => Promise.reject(new Error('no')) })
    expect(await codeOf(orphan)).to.equal('ERR_STORE_NOT_FOUND')
    expect(fixture.names('layers')).to.deep.equal([])
  })

  it('wait for the disk unless told not to', async function () {
    // others write to the same disk
    this.timeout(120_000)
    await using fixture = await makeStore()
    await using store = await openLayerStore({ directory: fixture.directory })
    const layer = await store.layers.publish({ recipe: 'x', fill: oneFile('a', 'synced') })
    expect(readFileSync(join(layer.diff, 'etc/a'), 'utf8')).to.equal('synced')
  })

  it('leave nothing when filling them fails or is given up', async () => {
    await using fixture = await makeStore()
    const { layers } = fixture.store
    const fails = layers.publish({
      recipe: 'x',
      fill: async ({ diff }) => {
        mkdirSync(join(diff, 'shut'))
        writeFileSync(join(diff, 'shut/file'), '')
        chmodSync(join(diff, 'shut'), 0o000)
        throw new Error('no network')
      },
    })
    await fails.then(
      () => expect.fail('it was published'),
      (error: unknown) => expect(String(error)).to.contain('no network'),
    )
    const abort = new AbortController()
    const given = layers.publish({
      recipe: 'x',
      signal: abort.signal,
      fill: async () => abort.abort(),
    })
    expect(await codeOf(given)).to.equal('ERR_ABORTED')
    expect(fixture.names('layers')).to.deep.equal([])
  })

  it('that two openings make at once are made by one of them', async () => {
    await using fixture = await makeStore()
    const other = await fixture.again()
    let waiting = 0
    const both = new EventEmitter()
    const fill = async (to: { diff: string }): Promise<void> => {
      const met = once(both, 'met')
      if (++waiting === 2) both.emit('met')
      await met
      await oneFile('a', 'same')(to)
    }
    const draft = { recipe: 'raced', fill }
    const [one, two] = await Promise.all([
      fixture.store.layers.publish(draft),
      other.layers.publish(draft),
    ])
    expect(one).to.deep.equal(two)
    expect(fixture.names('layers')).to.have.length(1)
  })

  it('refuse a parent that is not there, and drafts that say nothing or too much', async () => {
    await using fixture = await makeStore()
    const { layers } = fixture.store
    const fill = oneFile('a', '')
    const orphan = layers.publish({ recipe: 'x', parent: diffId('c'), fill })
    expect(await codeOf(orphan)).to.equal('ERR_STORE_NOT_FOUND')
    expect(await codeOf(layers.publish({ fill }))).to.equal('ERR_INVALID_SPEC')
    const both = layers.publish({ recipe: 'x', diffId: diffId('d'), fill })
    expect(await codeOf(both)).to.equal('ERR_INVALID_SPEC')
    expect(await codeOf(layers.hold(diffId('e')))).to.equal('ERR_STORE_NOT_FOUND')
  })

  it('whose description was changed are damaged', async () => {
    await using fixture = await makeStore()
    const layer = await fixture.store.layers.publish({ recipe: 'x', fill: oneFile('a', '') })
    const meta = join(layer.diff, '..', 'meta.json')
    writeFileSync(meta, readFileSync(meta, 'utf8').replaceAll(layer.diffId, diffId('f')))
    expect(() => fixture.store.layers.get(layer.id)).to.throw(/not what was written/)
    writeFileSync(meta, '{')
    expect(() => fixture.store.layers.get(layer.id)).to.throw(/not what was written/)
  })

  it('lie where nobody else may look', async () => {
    await using fixture = await makeStore()
    await fixture.store.layers.publish({ recipe: 'x', fill: oneFile('a', '') })
    const places = ['', 'layers', 'blobs', 'blobs/sha256', 'snaps', 'refs', 'leases', 'trash']
    for (const place of [...places, `layers/${fixture.names('layers')[0]}`])
      expect(statSync(join(fixture.directory, place)).mode & 0o077, place).to.equal(0)
  })
})

describe('openLayerStore', () => {
  it('refuses directories that others may enter, and stores of another version', async () => {
    await using fixture = await makeStore()
    const { directory } = fixture
    chmodSync(directory, 0o755)
    expect(await codeOf(openLayerStore({ directory }))).to.equal('ERR_STORE_DIR')
    chmodSync(directory, 0o700)
    writeFileSync(join(directory, 'version.json'), '{"version":99}')
    expect(await codeOf(openLayerStore({ directory }))).to.equal('ERR_STORE_VERSION')
    expect(await codeOf(openLayerStore({ directory: 'here' }))).to.equal('ERR_INVALID_SPEC')
    writeFileSync(join(directory, 'file'), '')
    const file = openLayerStore({ directory: join(directory, 'file') })
    expect(await codeOf(file)).to.equal('ERR_STORE_DIR')
    expect(existsSync(join(directory, 'here'))).to.equal(false)
  })
})
