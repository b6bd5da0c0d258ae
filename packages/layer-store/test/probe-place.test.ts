import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Scope } from '@caisson/core/di'
import { openLayerStore, storeRootfs } from '@caisson/layer-store'
import { DATA_DIR } from '@caisson/core'
import { expect } from 'chai'

describe('the place of a store', () => {
  let scratch = ''

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'caisson-place-'))
  })
  afterEach(() => {
    rmSync(scratch, { recursive: true, force: true })
  })

  it('is told of by the driver, which makes no store and leaves nothing', async () => {
    await using scope = Scope.root().value(DATA_DIR, join(scratch, 'data'))
    const [layers] = storeRootfs()
    const { ok, missing, facts } = await layers.probe(scope)
    expect({ ok, missing }).to.deep.equal({ ok: true, missing: [] })
    expect(facts).to.include({ store: join(scratch, 'data/store'), flock: 'works' })
    expect(facts).to.have.all.keys('store', 'fileSystem', 'flock', 'fuse-overlayfs')
    expect(readdirSync(scratch)).to.deep.equal([])
  })

  it('that cannot be written to is said, with the fix', async function () {
    if (process.getuid?.() === 0) {
      // root writes everywhere but where nothing can be written
      await using scope = Scope.root().value(DATA_DIR, '/proc/nothing')
      const { ok, missing } = await storeRootfs()[0].probe(scope)
      expect([ok, missing.length]).to.deep.equal([false, 1])
      return
    }
    await using scope = Scope.root().value(DATA_DIR, '/nothing/here')
    const { ok, missing } = await storeRootfs()[0].probe(scope)
    expect(ok).to.equal(false)
    expect(missing[0]?.what).to.match(/EACCES|EPERM/)
  })

  it('loses what an engine that was killed was trying out, not what one tries out now', async () => {
    const directory = join(scratch, 'store')
    await using store = await openLayerStore({ directory, sync: false })
    const [old, now] = ['old', 'now'].map((name) => join(directory, `.caisson-probe-${name}`))
    for (const path of [old, now]) mkdirSync(path ?? '')
    utimesSync(old ?? '', 1, 1)
    const { unfinished } = await store.collect()
    expect(unfinished).to.equal(1)
    expect([old, now].map((path) => existsSync(path ?? ''))).to.deep.equal([false, true])
  })
})
