import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATA_DIR } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { LAYER_STORE, openLayerStore } from '@caisson/layer-store'
import { expect } from 'chai'
import {
  mmdebstrapRootfs,
  type BuildProgress,
  type MmdebstrapRootfsOptions,
} from '../../dist/index.js'
import type { ToolFailure } from '../../dist/tools/tool-failure.js'
import { FakeMirror } from '../support/fake-mirror.js'
import { fingerprint } from '../support/fingerprint.js'
import { rejected } from '../support/thrown.js'

describe('mmdebstrap: from a mirror on the loopback', function () {
  // it starts perl, apt and dpkg, a dozen times
  this.timeout(240_000)
  const directories: string[] = []
  const scopes: Scope[] = []
  let mirror: FakeMirror

  /** A data directory of its own, and what lends roots in it. */
  function open(options: MmdebstrapRootfsOptions = {}) {
    const dataDir = mkdtempSync(join(tmpdir(), 'caisson-mmdebstrap-'))
    directories.push(dataDir)
    const scope = Scope.root().value(DATA_DIR, dataDir)
    scopes.push(scope)
    const { address, keyring } = mirror
    const provider = mmdebstrapRootfs({
      mirror: address,
      keyring,
      suite: 'test',
      architecture: 'amd64',
      variant: 'extract',
      ...options,
    }).create(scope)
    const lend = async (reference: string, signal?: AbortSignal): Promise<string> => {
      const lease = await provider.lend({ id: 'x', reference, ...(signal && { signal }) })
      await lease.release()
      return lease.parts[0]?.lowers[0] ?? ''
    }
    return { dataDir, lend, store: async () => scope.resolve({ store: LAYER_STORE }).store.open() }
  }

  before(async function () {
    const { ok, missing } = await mmdebstrapRootfs().probe(Scope.root())
    const foreign = process.arch !== 'x64'
    if (!ok || foreign) {
      const why = missing.map(({ what, fix }) => `${what} (${fix})`)
      console.log(
        `      skipped: ${foreign ? 'the mirror has packages for amd64' : why.join(', ')}`,
      )
      return this.skip()
    }
    mirror = await FakeMirror.start()
    await mirror.publish([
      {
        name: 'one',
        files: [
          { path: './usr/', content: '' },
          { path: './usr/one', content: '1' },
        ],
      },
      { name: 'two', files: [{ path: './two', content: '2' }] },
      { name: 'places', files: ['./proc/', './sys/'].map((path) => ({ path, content: '' })) },
    ])
    return undefined
  })

  after(async () => {
    for (const scope of scopes) await scope[Symbol.asyncDispose]()
    for (const directory of directories) {
      const store = join(directory, 'store')
      // other ids than ours may own what is in layers: the store removes them
      await using opened = await openLayerStore({ directory: store })
      for (const { name } of opened.refs.list()) await opened.refs.delete(name)
      await opened.collect()
    }
    for (const directory of directories) rmSync(directory, { recursive: true, force: true })
    await mirror?.[Symbol.asyncDispose]()
  })

  it('makes a root once for all who want it, and the same one elsewhere', async () => {
    const told: BuildProgress[] = []
    const here = open({ onProgress: (one) => void told.push(one) })
    const [first, second] = await Promise.all([
      here.lend('test?packages=one'),
      here.lend('test?packages=one'),
    ])
    expect(second).to.equal(first)
    expect(readFileSync(join(first, 'usr/one'), 'utf8')).to.equal('1')
    // mmdebstrap copies those of the host
    expect(readFileSync(join(first, 'etc/hostname'), 'utf8')).to.equal('localhost\n')
    expect(readFileSync(join(first, 'etc/resolv.conf'), 'utf8')).to.equal('')
    expect(told.map(({ phase }) => phase)).to.deep.equal(['resolve', 'download', 'install', 'done'])

    const asked = mirror.requests.length
    expect(await here.lend('test?packages=one')).to.equal(first)
    expect(mirror.requests).to.have.length(asked)

    const there = await open().lend('test?packages=one')
    expect(there).not.to.equal(first)
    expect(there.split('/').at(-2)).to.equal(first.split('/').at(-2))
    // apt keeps a directory that only its own user may read: one of this user's ranges
    const seen = process.geteuid?.() === 0 ? '.' : 'usr'
    expect(fingerprint(join(there, seen))).to.deep.equal(fingerprint(join(first, seen)))
    expect(leftOvers()).to.deep.equal([])
  })

  it('mounts nothing for the host to see', async () => {
    const seen = new Set<string>()
    const look = setInterval(() => {
      for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n'))
        if (line.includes(`caisson-build.${process.pid}.`)) seen.add(line)
    }, 2)
    try {
      // it mounts to run dpkg in its root, which has none
      const error = await rejected(open({ variant: 'custom' }).lend('test?packages=places'))
      expect(error.message).to.include('dpkg')
    } finally {
      clearInterval(look)
    }
    expect([...seen]).to.deep.equal([])
  })

  it('names the package that is not there, and what the tool said; nothing stays', async () => {
    const { lend, store } = open()
    const error = await rejected(lend('test?packages=nosuch'))
    expect(error).to.include({ code: 'ERR_PACKAGE_NOT_FOUND' })
    expect(error.message).to.include('nosuch')
    // documented at `mmdebstrapRootfs`
    const { argv, exitCode, lines } = error.cause as ToolFailure
    expect(argv).to.include.members(['--variant=extract', '--include=nosuch'])
    expect(exitCode).to.equal(25)
    expect(lines.join('\n')).to.include('Unable to locate package nosuch')
    expect((await store()).layers.list()).to.deep.equal([])
    expect(leftOvers()).to.deep.equal([])
  })

  it('knows a release that the mirror does not have, and a mirror that is not there', async () => {
    const none = await rejected(open().lend('nosuch?packages=one'))
    expect(none).to.include({ code: 'ERR_SUITE_NOT_FOUND' })
    const away = open({ mirror: 'http://127.0.0.1:1/debian', mirrorTimeout: '1s' })
    expect(await rejected(away.lend('test?packages=one'))).to.include({
      code: 'ERR_MIRROR_UNREACHABLE',
    })
  })

  it('takes nothing that the keyring did not sign', async () => {
    const other = await FakeMirror.start()
    try {
      const error = await rejected(open({ keyring: other.keyring }).lend('test?packages=one'))
      expect(error).to.include({ code: 'ERR_SIGNATURE_INVALID' })
    } finally {
      await other[Symbol.asyncDispose]()
    }
  })

  it('leaves nothing of what is given up', async () => {
    const giveUp = new AbortController()
    const { dataDir, lend, store } = open({
      onProgress: ({ phase }) => phase === 'download' && giveUp.abort(),
    })
    const error = await rejected(lend('test?packages=two', giveUp.signal))
    expect(error).to.include({ code: 'ERR_ABORTED' })
    // who waits is let go at once, what was started goes after it
    while (leftOvers().length > 0 || staged(dataDir).length > 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, 20)
      })
    }
    expect((await store()).layers.list()).to.deep.equal([])
    expect(statSync(dataDir).isDirectory()).to.equal(true)
  })
})

function staged(dataDir: string): readonly string[] {
  return readdirSync(join(dataDir, 'store', 'layers')).filter((name) => name.startsWith('.new-'))
}

/** What builds left where temporary files are. */
function leftOvers(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`caisson-build.${process.pid}.`))
}
