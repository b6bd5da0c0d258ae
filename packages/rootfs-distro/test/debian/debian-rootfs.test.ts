import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATA_DIR, type RootLease, type RootfsProvider } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { LAYER_STORE, type LayerStore } from '@caisson/layer-store'
import { expect } from 'chai'
import { debianRootfs, type BuildProgress, type DebianRootfsOptions } from '../../dist/index.js'
import { FakeMirror, type FakePackage } from '../support/fake-mirror.js'
import { fingerprint } from '../support/fingerprint.js'
import { rejected } from '../support/thrown.js'

const packages: readonly FakePackage[] = [
  {
    name: 'app',
    fields: { Depends: 'lib, awk' },
    files: [
      { path: './' },
      { path: './bin/' },
      { path: './bin/app', content: 'app', mode: 0o4755 },
    ],
    control: [
      { path: './control', content: 'Package: app\n' },
      { path: './postinst', content: '#!/bin/sh\n', mode: 0o755 },
      { path: './md5sums', content: 'x\n' },
    ],
  },
  {
    name: 'lib',
    fields: { 'Multi-Arch': 'same' },
    files: [
      { path: './lib/lib.so', target: 'lib.so.1' },
      { path: './usr/lib/lib.so.1', content: 'l' },
    ],
  },
  {
    name: 'mawk',
    fields: { Provides: 'awk' },
    files: [{ path: './usr/bin/mawk', content: 'mawk', mode: 0o755 }],
    control: [
      {
        path: './postinst',
        content: 'update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5\n',
      },
    ],
  },
  { name: 'other', files: [{ path: './other', content: 'o' }] },
]

describe('debian:', () => {
  let mirror: FakeMirror
  let dataDir: string
  let scope: Scope
  let provider: RootfsProvider
  let told: BuildProgress[]
  const leases: RootLease[] = []

  function open(options: DebianRootfsOptions = {}): void {
    const { address, keyring } = mirror
    const own = { mirror: address, keyring, suite: 'test', architecture: 'amd64' }
    provider = debianRootfs({
      onProgress: (one) => void told.push(one),
      ...own,
      ...options,
    }).create(scope)
  }

  beforeEach(async () => {
    mirror = await FakeMirror.start()
    await mirror.publish(packages)
    dataDir = mkdtempSync(join(tmpdir(), 'caisson-debian-'))
    scope = Scope.root().value(DATA_DIR, dataDir)
    told = []
    open()
  })

  afterEach(async () => {
    for (const lease of leases.splice(0)) await lease.release()
    await removeLayers()
    await scope[Symbol.asyncDispose]()
    await mirror[Symbol.asyncDispose]()
    rmSync(dataDir, { recursive: true, force: true })
  })

  function store(): Promise<LayerStore> {
    return scope.resolve({ store: LAYER_STORE }).store.open()
  }

  /** Other ids than ours may own what is in them. */
  async function removeLayers(): Promise<void> {
    const opened = await store()
    for (const { name } of opened.refs.list()) await opened.refs.delete(name)
    await scope[Symbol.asyncDispose]()
    scope = Scope.root().value(DATA_DIR, dataDir)
    open()
    await (await store()).collect()
  }

  async function lend(reference: string, signal?: AbortSignal): Promise<string> {
    const request = { id: 'x', reference, ...(signal === undefined ? {} : { signal }) }
    const lease = await provider.lend(request)
    leases.push(lease)
    return lease.parts[0]?.lowers[0] ?? ''
  }

  async function nothingLeft(): Promise<void> {
    const opened = await store()
    expect(opened.layers.list()).to.deep.equal([])
    const left = readdirSync(join(opened.directory, 'layers'))
    expect(left).to.deep.equal([])
  }

  it('builds a root of packages and what they need, through the links of a merged /usr', async () => {
    const root = await lend('?packages=app')
    const read = (path: string): string => readFileSync(join(root, path), 'utf8')
    expect(read('usr/bin/app')).to.equal('app')
    expect(readlinkSync(join(root, 'bin'))).to.equal('usr/bin')
    expect(readlinkSync(join(root, 'usr/lib/lib.so'))).to.equal('lib.so.1')
    expect(readlinkSync(join(root, 'usr/bin/awk'))).to.equal('/etc/alternatives/awk')
    expect(readdirSync(root)).to.not.include('other')
  })

  it('keeps the database that dpkg and apt work with', async () => {
    const root = await lend('?packages=app')
    const info = join(root, 'var/lib/dpkg/info')
    expect(readdirSync(info).toSorted()).to.deep.equal([
      'app.list',
      'app.md5sums',
      'app.postinst',
      'format',
      'lib:amd64.list',
      'mawk.list',
      'mawk.postinst',
    ])
    expect(readFileSync(join(info, 'app.list'), 'utf8')).to.equal('/.\n/bin\n/bin/app\n')
    const status = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8')
    expect(status.match(/^Package: .*/gm)).to.deep.equal([
      'Package: app',
      'Package: lib',
      'Package: mawk',
    ])
  })

  it('tells how far it is', async () => {
    await lend('?packages=app')
    const of = (phase: string) => told.filter((one) => one.phase === phase)
    expect(of('resolve').length).to.equal(1)
    expect(of('download').map(({ count, total }) => [count, total])).to.deep.equal([
      [1, 3],
      [2, 3],
      [3, 3],
    ])
    expect(of('install').map(({ subject }) => subject)).to.deep.equal(['app', 'lib', 'mawk'])
    expect(told.at(-1)?.phase).to.equal('done')
  })

  it('asks nobody for a root that is there already', async () => {
    const first = await lend('?packages=app')
    const before = mirror.requests.length
    expect(await lend('?packages=app')).to.equal(first)
    expect(mirror.requests.length).to.equal(before)
  })

  it('asks for updates after maxAge, and builds anew only what changed', async () => {
    open({ maxAge: 0 })
    const first = await lend('?packages=app')
    const before = mirror.requests.length
    expect(await lend('?packages=app')).to.equal(first)
    // what is asked is whether the index changed
    expect(mirror.requests.slice(before).every((path) => path.endsWith('/InRelease'))).to.equal(
      true,
    )
    const [app, ...rest] = packages
    await mirror.publish([{ ...app!, files: [{ path: './bin/app', content: 'new' }] }, ...rest])
    const second = await lend('?packages=app')
    expect(readFileSync(join(second, 'usr/bin/app'), 'utf8')).to.equal('new')
  })

  it('serves what was built before while the mirror is away, and says so', async () => {
    open({ maxAge: 0 })
    const first = await lend('?packages=app')
    mirror.failing.set('/debian/dists/test/InRelease', 403)
    expect(await lend('?packages=app')).to.equal(first)
    expect(told.at(-1)?.phase).to.equal('stale')
    const error = await rejected(lend('?packages=other'))
    expect(error.code).to.equal('ERR_MIRROR_UNREACHABLE')
  })

  it('never serves what was built before when the mirror is forged', async () => {
    open({ maxAge: 0 })
    await lend('?packages=app')
    await using forger = await FakeMirror.start()
    await forger.publish(packages)
    mirror.put('dists/test/InRelease', await forger.read('dists/test/InRelease'))
    expect((await rejected(lend('?packages=app'))).code).to.equal('ERR_SIGNATURE_INVALID')
  })

  it('makes the same root of the same packages, to the last byte', async () => {
    const first = await lend('?packages=app')
    const layers = (await store()).layers.list().map(({ id }) => id)
    const print = fingerprint(first)
    await removeLayers()
    expect((await store()).layers.list()).to.deep.equal([])
    const second = await lend('?packages=app')
    expect((await store()).layers.list().map(({ id }) => id)).to.deep.equal(layers)
    expect(fingerprint(second)).to.deep.equal(print)
    expect(print.length).to.be.greaterThan(30)
  })

  it('builds once for all who want it at the same time', async () => {
    const roots = await Promise.all([
      lend('?packages=app'),
      lend('?packages=app'),
      lend('?packages=app'),
    ])
    expect(new Set(roots).size).to.equal(1)
    expect(told.filter(({ phase }) => phase === 'resolve').length).to.equal(1)
  })

  it('leaves nothing of a package that is not what its digest says', async () => {
    const path = 'pool/lib_1.0-1_amd64.deb'
    const deb = await mirror.read(path)
    mirror.put(path, Buffer.from(deb).fill(0, 100, 101))
    expect((await rejected(lend('?packages=app'))).code).to.equal('ERR_DIGEST_MISMATCH')
    await nothingLeft()
    mirror.put(path, deb)
    expect(await lend('?packages=app')).to.include('/layers/')
  })

  it('leaves nothing when it is given up', async () => {
    const controller = new AbortController()
    open({
      onProgress: ({ phase }) => {
        if (phase === 'install') controller.abort()
      },
    })
    expect((await rejected(lend('?packages=app', controller.signal))).code).to.equal('ERR_ABORTED')
    await nothingLeft()
  })

  it('refuses a release, a package and an architecture that are not there', async () => {
    expect((await rejected(lend('nosuch'))).code).to.equal('ERR_SUITE_NOT_FOUND')
    const error = await rejected(lend('?packages=ap'))
    expect(error.code).to.equal('ERR_PACKAGE_NOT_FOUND')
    expect(error.message).to.include('`app`')
    open({ architecture: 'arm64' })
    expect((await rejected(lend('?packages=app'))).code).to.equal('ERR_ARCH_UNSUPPORTED')
    await nothingLeft()
  })

  it('refuses options that are none', () => {
    // a field that the types do not have
    const options = { packges: ['gcc'] } as DebianRootfsOptions
    expect(() => debianRootfs(options))
      .to.throw(TypeError)
      .with.property('field', 'packges')
  })
})
