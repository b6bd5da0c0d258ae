import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATA_DIR } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { expect } from 'chai'
import { LAYER_STORE, layerStoreModule } from '../dist/index.js'

describe('the store that drivers share', () => {
  let dataDir: string

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'caisson-shared-'))
  })
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

  it('is one for a scope, opened at its first use and closed with the scope', async () => {
    await using scope = Scope.root().value(DATA_DIR, dataDir)
    layerStoreModule().install(scope)
    layerStoreModule().install(scope)
    const { store } = scope.resolve({ store: LAYER_STORE })
    expect(store.directory).to.equal(join(dataDir, 'store'))
    expect(await store.open()).to.equal(await store.open())
  })

  it('can be opened again after what was in the way is gone', async () => {
    await using scope = Scope.root().value(DATA_DIR, dataDir)
    layerStoreModule().install(scope)
    const { store } = scope.resolve({ store: LAYER_STORE })
    writeFileSync(store.directory, '')
    const failed = await store.open().catch(() => 'failed')
    expect(failed).to.equal('failed')
    rmSync(store.directory)
    expect((await store.open()).directory).to.equal(store.directory)
  })
})
