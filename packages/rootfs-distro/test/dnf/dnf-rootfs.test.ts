import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, DATA_DIR } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { expect } from 'chai'
import { dnfRootfs, type BuildProgress, type DnfRootfsOptions } from '../../dist/index.js'
import { ToolFailure } from '../../dist/tools/tool-failure.js'
import { leftOvers, removeDataDir } from '../support/fresh-provider.js'
import { lackForRpm, RpmRepository } from '../support/rpm-repository.js'
import { rejected } from '../support/thrown.js'

function nothingLeft(dataDir: string): void {
  expect(readdirSync(join(dataDir, 'store/layers'))).to.deep.equal([])
  expect(leftOvers()).to.deep.equal([])
}

describe('dnf: from a repository of this host', function () {
  // each package is built, and dnf is python
  this.timeout(240_000)
  const directories: string[] = []
  const scopes: Scope[] = []
  let repository: RpmRepository | undefined

  function repo(): RpmRepository {
    if (repository === undefined) throw new Error('there is no repository')
    return repository
  }

  function openScope(): { readonly dataDir: string; readonly scope: Scope } {
    const dataDir = mkdtempSync(join(tmpdir(), 'caisson-dnf-'))
    directories.push(dataDir)
    const scope = Scope.root().value(DATA_DIR, dataDir)
    scopes.push(scope)
    return { dataDir, scope }
  }

  /** A data directory of its own, and what lends roots in it. */
  function open(options: Partial<DnfRootfsOptions> = {}) {
    const { dataDir, scope } = openScope()
    const repos = [{ id: 'own', baseurl: repo().baseurl }]
    const provider = dnfRootfs({ repos, ...options }).create(scope)
    const lend = async (reference: string, signal?: AbortSignal): Promise<string> => {
      const lease = await provider.lend({ id: 'x', reference, ...(signal && { signal }) })
      await lease.release()
      return lease.parts[0]?.lowers[0] ?? ''
    }
    return { dataDir, lend }
  }

  before(function () {
    const lack = lackForRpm()
    if (lack !== undefined) {
      console.log(`      skipped: ${lack}`)
      this.skip()
    }
    repository = new RpmRepository()
    repository.add('shell', { shell: true })
    repository.add('app', { requires: 'shell', post: 'echo ran > /app-was-set-up' })
    repository.add('broken', { requires: 'what-nobody-has' })
    repository.publish()
  })

  after(async () => {
    for (const scope of scopes) await scope[Symbol.asyncDispose]()
    if (repository === undefined) return
    const driver = dnfRootfs({ repos: [{ id: 'own', baseurl: repo().baseurl }] })
    for (const path of directories) await removeDataDir(path, driver)
    repository[Symbol.dispose]()
  })

  it('installs packages, what they require, and runs their scripts; it runs in a container', async () => {
    const { scope } = openScope()
    const told: BuildProgress[] = []
    const repos = [{ id: 'own', baseurl: repo().baseurl }]
    await using engine = await createEngine({
      rootfs: [dnfRootfs({ repos, onProgress: (one) => void told.push(one) })],
      isolation: pivotRoot(),
      limiters: [],
      scope,
    })
    const script = 'read a < /app; read b < /app-was-set-up; echo $a $b'
    const result = await engine.run(['/bin/sh', '-c', script], { from: 'dnf:?packages=app' })
    expect(result.stdout, result.stderr).to.equal('1 ran\n')
    expect(told.map(({ phase }) => phase)).to.deep.equal(['resolve', 'install', 'install', 'done'])
    expect(told[1]).to.include({ count: 1, total: 2 })
  })

  it('keeps modes, and asks nobody for what is there; an update is another root', async () => {
    const { lend } = open({ maxAge: 0 })
    const first = await lend('?packages=shell')
    expect(statSync(join(first, 'bin/sh')).mode & 0o7777).to.equal(0o4755)
    expect(existsSync(join(first, 'app'))).to.equal(false)
    expect(await lend('?packages=shell')).to.equal(first)
    repo().add('shell', { shell: true, version: '2' })
    repo().publish()
    const second = await lend('?packages=shell')
    expect(readFileSync(join(second, 'shell'), 'utf8')).to.equal('2\n')
    expect(readFileSync(join(first, 'shell'), 'utf8')).to.equal('1\n')
  })

  it('builds once for all who want it at the same time', async () => {
    const told: BuildProgress[] = []
    const { lend } = open({ onProgress: (one) => void told.push(one) })
    const roots = await Promise.all([lend('?packages=shell'), lend('?packages=shell')])
    expect(new Set(roots).size).to.equal(1)
    expect(told.filter(({ phase }) => phase === 'resolve').length).to.equal(1)
  })

  it('names what is wrong by its code, with what dnf said, and leaves nothing', async () => {
    const { dataDir, lend } = open()
    const missing = await rejected(lend('?packages=nosuch'))
    expect(missing.code).to.equal('ERR_PACKAGE_NOT_FOUND')
    expect(missing.message).to.include('nosuch')
    const cause = missing.cause
    if (!(cause instanceof ToolFailure)) throw new Error('the cause is no ToolFailure')
    expect(cause.exitCode).to.equal(1)
    expect(cause.argv).to.include('nosuch')
    expect(cause.lines.length).to.be.within(1, 20)
    const broken = await rejected(lend('?packages=broken'))
    expect(broken.code).to.equal('ERR_DEPENDENCY_UNSATISFIED')
    expect(broken.message).to.include('what-nobody-has')
    nothingLeft(dataDir)
  })

  it('says which repository is not there', async () => {
    const { lend } = open({ repos: [{ id: 'gone', baseurl: 'file:///nonexistent/repo' }] })
    const error = await rejected(lend('?packages=shell'))
    expect(error.code).to.equal('ERR_MIRROR_UNREACHABLE')
    expect(error.message).to.include('gone')
  })

  it('ends dnf and all that it started when it is given up, and leaves nothing', async () => {
    repo().add('slow', { requires: 'shell', post: 'while :; do :; done' })
    repo().publish()
    const controller = new AbortController()
    const { dataDir, lend } = open({
      onProgress: ({ phase, subject }) => {
        if (phase === 'install' && subject.startsWith('slow')) controller.abort()
      },
    })
    const error = await rejected(lend('?packages=slow', controller.signal))
    expect(error.code).to.equal('ERR_ABORTED')
    nothingLeft(dataDir)
  })
})
