import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, DATA_DIR } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { tarRootfs } from '../dist/index.js'
import { Scratch } from './scratch.js'

const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path))

describe('tarRootfs', function () {
  this.timeout(120_000)
  const scratch = new Scratch()
  let one = ''
  let two = ''

  before(() => {
    scratch.open()
    one = scratch.pack(scratch.tree({ one: '1' }), 'one.tar')
    two = scratch.pack(scratch.tree({ two: '2' }), 'two.tar')
  })
  after(async () => {
    await scratch[Symbol.asyncDispose]()
  })

  testRootfsProvider(
    { describe, it, before, after },
    {
      scope: () => Scope.root().value(DATA_DIR, scratch.dataDir),
      driver: () => tarRootfs(),
      good: () => one,
      other: () => two,
      bad: () => [
        { title: 'nothing', reference: '', code: 'ERR_ROOTFS_INVALID' },
        { title: 'missing', reference: '/nonexistent.tar', code: 'ERR_ROOTFS_NOT_FOUND' },
        { title: 'a directory', reference: '/', code: 'ERR_ROOTFS_INVALID' },
      ],
      unwritten: () => [],
      making: {
        async fresh(onProgress) {
          const own = new Scratch()
          const scope = own.openScope()
          return {
            provider: tarRootfs({ onProgress }).create(scope),
            reference: one,
            unfinished: () => own.unfinished(),
            [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
          }
        },
        phases: ['unpack', 'publish'],
      },
    },
  )

  it('says what unpacks', async () => {
    const { ok, facts } = await tarRootfs().probe(Scope.root())
    expect(ok).to.equal(true)
    expect(facts['gzip']).to.equal('node:zlib')
    expect(facts).to.include.keys('zstd', 'xz')
  })

  it('makes roots that containers run in', async function () {
    if (busybox === undefined) {
      console.log('      skipped: no busybox (apt-get install busybox-static)')
      this.skip()
    }
    const tree = scratch.tree({ 'etc/name': 'in the archive' })
    copyFileSync(busybox, join(tree, 'busybox'))
    const path = scratch.pack(tree, 'busybox.tar', '-z')
    const scope = Scope.root().value(DATA_DIR, scratch.dataDir)
    await using engine = await createEngine({
      rootfs: [tarRootfs()],
      isolation: pivotRoot(),
      scope,
    })
    const from = `tar:${path}`
    const result = await engine.run(['/busybox', 'cat', '/etc/name'], { from })
    expect(result.stdout).to.equal('in the archive')
    await engine.run(['/busybox', 'rm', '/etc/name'], { from })
    expect((await engine.run(['/busybox', 'cat', '/etc/name'], { from })).stdout).to.equal(
      'in the archive',
    )
  })
})
