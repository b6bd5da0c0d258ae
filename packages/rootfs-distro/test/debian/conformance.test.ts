import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATA_DIR, type Driver } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { debianRootfs, type DebianRootfsOptions } from '../../dist/index.js'
import { FakeMirror } from '../support/fake-mirror.js'
import { freshProvider, removeDataDir } from '../support/fresh-provider.js'

describe('debianRootfs', () => {
  let mirror: FakeMirror | undefined
  let dataDir: string

  before(async () => {
    mirror = await FakeMirror.start()
    await mirror.publish([
      { name: 'one', files: [{ path: './one', content: '1' }] },
      { name: 'two', files: [{ path: './two', content: '2' }] },
    ])
    dataDir = mkdtempSync(join(tmpdir(), 'caisson-kit-'))
  })

  after(async () => {
    await removeDataDir(dataDir, driver())
    await mirror?.[Symbol.asyncDispose]()
  })

  function driver(more: DebianRootfsOptions = {}): Driver<'rootfs'> {
    // what is declared does not depend on the mirror, which is not there yet when the suite asks
    if (mirror === undefined) return debianRootfs()
    const { address, keyring, suite } = mirror
    return debianRootfs({ mirror: address, keyring, suite, architecture: 'amd64', ...more })
  }

  testRootfsProvider(
    { describe, it, before, after },
    {
      scope: () => Scope.root().value(DATA_DIR, dataDir),
      driver: () => driver(),
      good: () => '?packages=one',
      other: () => '?packages=two',
      bad: () => [
        { title: 'another query', reference: 'test?x=y', code: 'ERR_INVALID_SPEC' },
        { title: 'a bad name', reference: '?packages=--x', code: 'ERR_INVALID_SPEC' },
        { title: 'no such package', reference: '?packages=none', code: 'ERR_PACKAGE_NOT_FOUND' },
        { title: 'no such release', reference: 'nosuch', code: 'ERR_SUITE_NOT_FOUND' },
      ],
      unwritten: () => [],
      making: {
        fresh: (onProgress) => freshProvider(driver({ onProgress }), '?packages=one'),
        phases: ['resolve', 'download', 'install'],
      },
    },
  )
})
