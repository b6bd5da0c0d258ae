import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, DATA_DIR } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { openLayerStore } from '@caisson/layer-store'
import { expect } from 'chai'
import { hostSources } from '../../dist/debian/apt-sources.js'
import { hostRelease, releaseSources } from '../../dist/debian/release-sources.js'
import { configurePackages, debianRootfs } from '../../dist/index.js'

const hello = '#include <stdio.h>\nint main(void) { puts("Hello from a container"); return 0; }\n'

async function mirrorAnswers(): Promise<boolean> {
  const sources = await hostSources()
  const [source] = releaseSources(sources, hostRelease(sources) ?? '')
  if (source === undefined) return false
  const url = `${source.mirror}/dists/${source.suite}/InRelease`
  return fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(10_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
}

function openEngine(scope: Scope) {
  return createEngine({ rootfs: [debianRootfs()], isolation: pivotRoot(), limiters: [], scope })
}

describe('debian: from the mirror of this host', function () {
  this.timeout(300_000)
  let dataDir: string
  let scope: Scope
  let engine: Awaited<ReturnType<typeof openEngine>>

  before(async function () {
    if (!(await mirrorAnswers())) {
      console.log('      skipped: apt on this host has no mirror of Debian that answers')
      return this.skip()
    }
    dataDir = mkdtempSync(join(tmpdir(), 'caisson-debian-'))
    scope = Scope.root().value(DATA_DIR, dataDir)
    engine = await openEngine(scope)
    return undefined
  })

  after(async () => {
    if (engine === undefined) return
    await engine[Symbol.asyncDispose]()
    await scope[Symbol.asyncDispose]()
    // other ids than ours may own what is in layers: the store removes them
    await using store = await openLayerStore({ directory: join(dataDir, 'store') })
    for (const { name } of store.refs.list()) await store.refs.delete(name)
    await store.collect()
    rmSync(dataDir, { recursive: true, force: true })
  })

  it('makes a small root around busybox', async () => {
    const result = await engine.run(['sh', '-c', 'busybox | head -1; ls /bin/wget; id -un'], {
      from: 'debian:?packages=busybox-static',
    })
    expect(result.stdout).to.match(/^BusyBox .*Debian.*\n\/bin\/wget\nroot\n$/)
  })

  it('compiles and runs a program with its gcc', async () => {
    await using container = await engine.create({
      from: 'debian:?packages=bash,coreutils,dash,diffutils,dpkg,gcc,grep,libc-bin,libc6-dev,sed',
    })
    await container.fs.writeFile('/tmp/hello.c', hello)
    const result = await container.exec('sh', ['-c', 'cc /tmp/hello.c -o /tmp/hello && /tmp/hello'])
    expect(result.stderr).to.equal('')
    expect(result.stdout).to.equal('Hello from a container\n')
    // maintainer scripts want to be several users
    const ids = await container.exec('cat', ['/proc/self/uid_map'])
    if (!/ 65536$/m.test(ids.stdout)) return
    const configured = await configurePackages(container)
    expect(configured.exitCode, configured.stderr).to.equal(0)
    expect((await container.exec('dpkg', ['--audit'])).stdout).to.equal('')
  })
})
