import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { AptSource } from '../../dist/debian/apt-sources.js'
import { openSuite, readPackages, type Suite, type SuiteReading } from '../../dist/debian/suite.js'
import { FakeMirror } from '../support/fake-mirror.js'
import { rejected } from '../support/thrown.js'

const hello = { name: 'hello', files: [{ path: './hello', content: 'hi' }] }

describe('a suite of a mirror', () => {
  let mirror: FakeMirror
  let source: AptSource
  let reading: SuiteReading
  let kept: Map<string, Buffer>

  beforeEach(async () => {
    mirror = await FakeMirror.start()
    source = { mirror: mirror.address, suite: 'test', components: ['main'] }
    kept = new Map()
    reading = {
      architecture: 'amd64',
      keyring: mirror.keyring,
      now: Date.now(),
      signal: undefined,
      unxz: (bytes) => Promise.resolve(gunzipSync(bytes)),
      answerMs: undefined,
      cache: {
        get: (digest) => Promise.resolve(kept.get(digest)),
        put: (digest, bytes) => Promise.resolve(void kept.set(digest, bytes)),
      },
    }
    await mirror.publish([hello])
  })

  afterEach(() => mirror[Symbol.asyncDispose]())

  async function opened(): Promise<Suite> {
    const suite = await openSuite(source, reading)
    if (suite === undefined) throw new Error('there is no suite')
    return suite
  }

  it('gives its index of packages, fetched by digest and kept', async () => {
    const suite = await opened()
    expect(await readPackages(suite, 'main', reading)).to.include('Package: hello\n')
    const before = mirror.requests.length
    expect(await readPackages(suite, 'main', reading)).to.include('Package: hello\n')
    expect(mirror.requests.length).to.equal(before)
    expect(mirror.requests.at(-1)).to.match(/by-hash\/SHA256\/[0-9a-f]{64}$/)
  })

  it('is not there when the mirror does not have it', async () => {
    expect(await openSuite({ ...source, suite: 'other' }, reading)).to.equal(undefined)
  })

  it('is refused with a signature of another key', async () => {
    await using other = await FakeMirror.start()
    const error = await rejected(openSuite(source, { ...reading, keyring: other.keyring }))
    expect(error.code).to.equal('ERR_SIGNATURE_INVALID')
  })

  it('is refused when its time is over, unless dates are not checked', async () => {
    await mirror.publish([hello], { 'Valid-Until': 'Sat, 11 Jul 2020 00:00:00 UTC' })
    expect((await rejected(openSuite(source, reading))).code).to.equal('ERR_RELEASE_EXPIRED')
    expect(await openSuite(source, { ...reading, now: undefined })).to.not.equal(undefined)
  })

  it('has no packages for an architecture that it does not name', async () => {
    const suite = await opened()
    const error = await rejected(readPackages(suite, 'main', { ...reading, architecture: 'm68k' }))
    expect(error.code).to.equal('ERR_ARCH_UNSUPPORTED')
    expect(error.message).to.include('amd64')
  })

  it('refuses an index that is not the one that was signed', async () => {
    const suite = await opened()
    const [entry] = suite.release.entries.values()
    mirror.put(
      `dists/test/main/binary-amd64/by-hash/SHA256/${entry?.sha256 ?? ''}`,
      Buffer.alloc(entry?.size ?? 0),
    )
    const error = await rejected(readPackages(suite, 'main', reading))
    expect(error.code).to.equal('ERR_DIGEST_MISMATCH')
    expect(kept.size).to.equal(0)
  })

  it('says so when an index that it names is not there', async () => {
    const suite = await opened()
    const [entry] = suite.release.entries.values()
    mirror.failing.set(
      `/debian/dists/test/main/binary-amd64/by-hash/SHA256/${entry?.sha256 ?? ''}`,
      404,
    )
    expect((await rejected(readPackages(suite, 'main', reading))).code).to.equal(
      'ERR_MIRROR_UNREACHABLE',
    )
  })
})
