import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATA_DIR, type Driver } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { dnfRootfs, type BuildProgress } from '../../dist/index.js'
import { freshProvider, removeDataDir } from '../support/fresh-provider.js'
import { lackForRpm, RpmRepository } from '../support/rpm-repository.js'

describe('dnfRootfs', function () {
  this.timeout(120_000)
  let repository: RpmRepository | undefined
  let dataDir: string

  before(function () {
    const lack = lackForRpm()
    if (lack !== undefined) {
      console.log(`      skipped: ${lack}`)
      this.skip()
    }
    repository = new RpmRepository()
    repository.add('one')
    repository.add('two')
    repository.publish()
    dataDir = mkdtempSync(join(tmpdir(), 'caisson-kit-'))
  })

  after(async () => {
    if (repository === undefined) return
    await removeDataDir(dataDir, driver())
    repository[Symbol.dispose]()
  })

  function driver(onProgress: (progress: BuildProgress) => void = () => {}): Driver<'rootfs'> {
    // what is declared does not depend on the repository, which is not there yet when the suite asks
    const baseurl = repository?.baseurl ?? 'file:///nonexistent'
    return dnfRootfs({ repos: [{ id: 'own', baseurl }], onProgress })
  }

  testRootfsProvider(
    { describe, it, before, after },
    {
      scope: () => Scope.root().value(DATA_DIR, dataDir),
      driver: () => driver(),
      good: () => '?packages=one',
      other: () => '?packages=two',
      bad: () => [
        { title: 'another query', reference: '1?x=y', code: 'ERR_INVALID_SPEC' },
        { title: 'no package', reference: '', code: 'ERR_INVALID_SPEC' },
        { title: 'an unknown package', reference: '?packages=no', code: 'ERR_PACKAGE_NOT_FOUND' },
      ],
      unwritten: () => [],
      making: {
        fresh: (onProgress) => freshProvider(driver(onProgress), '?packages=one'),
        phases: ['resolve', 'install'],
      },
    },
  )
})
