import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATA_DIR } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { debianRootfs } from '../../dist/index.js'
import { FakeMirror } from '../support/fake-mirror.js'

describe('debianRootfs', () => {
  let mirror: FakeMirror
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
    await mirror[Symbol.asyncDispose]()
    rmSync(dataDir, { recursive: true, force: true })
  })

  testRootfsProvider(
    { describe, it, before, after },
    {
      scope: () => Scope.root().value(DATA_DIR, dataDir),
      driver: () =>
        // what is declared does not depend on the mirror, which is not there yet when the suite asks
        debianRootfs(
          mirror === undefined
            ? {}
            : {
                mirror: mirror.address,
                keyring: mirror.keyring,
                suite: 'test',
                architecture: 'amd64',
              },
        ),
      good: () => '?packages=one',
      other: () => '?packages=two',
      bad: () => [{ title: 'another query', reference: 'test?x=y', code: 'ERR_INVALID_SPEC' }],
      unwritten: () => [],
    },
  )
})
