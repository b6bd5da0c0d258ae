import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import type { TarRootfsOptions } from '../dist/index.js'
import { rejected, Scratch } from './scratch.js'

async function* again(path: string): AsyncGenerator<Uint8Array> {
  yield* fs.createReadStream(path)
}

describe('tar: out of streams', function () {
  this.timeout(120_000)
  let scratch: Scratch
  let path: string
  let opened = 0

  beforeEach(() => {
    scratch = new Scratch()
    path = scratch.pack(scratch.tree({ 'etc/name': 'streamed' }), 'a.tar.gz', '-z')
    opened = 0
  })
  afterEach(() => scratch[Symbol.asyncDispose]())

  const open = (): Readable => {
    opened++
    return fs.createReadStream(path)
  }
  const digest = (): `sha256:${string}` =>
    `sha256:${createHash('sha256').update(fs.readFileSync(path)).digest('hex')}`

  it('takes streams of Node, web streams and generators, each opened once by a driver', async () => {
    const lend = scratch.open({
      archives: {
        node: open,
        web: async () => Readable.toWeb(fs.createReadStream(path)),
        generator: () => again(path),
      },
    })
    const root = await lend('node')
    expect(await lend('web')).to.equal(root)
    expect(await lend('generator')).to.equal(root)
    expect(await lend('node')).to.equal(root)
    expect(opened).to.equal(1)
    expect(fs.readFileSync(join(root, 'etc/name'), 'utf8')).to.equal('streamed')
  })

  it('does not open one whose digest is known', async () => {
    const archives = { base: { open, digest: digest() } }
    const root = await scratch.open({ archives })('base')
    expect(await scratch.open({ archives })('base')).to.equal(root)
    expect(opened).to.equal(1)
  })

  it('refuses one that has another digest, and leaves nothing', async () => {
    const wrong = `sha256:${'0'.repeat(64)}` as const
    const lend = scratch.open({ archives: { base: { open, digest: wrong } } })
    expect((await rejected(lend('base'))).code).to.equal('ERR_DIGEST_MISMATCH')
    const store = await scratch.store()
    expect([store.layers.list(), store.blobs.list()]).to.deep.equal([[], []])
    expect(scratch.unfinished()).to.deep.equal([])
  })

  it('gives up a stream from which nothing comes', async () => {
    const controller = new AbortController()
    const stalled = new Readable({ read: () => void setImmediate(() => controller.abort()) })
    const lend = scratch.open({ archives: { stalled: () => stalled } })
    expect((await rejected(lend('stalled', controller.signal))).code).to.equal('ERR_ABORTED')
    expect(stalled.destroyed).to.equal(true)
    expect(scratch.unfinished()).to.deep.equal([])
  })

  it('fails as a stream fails, and can be asked again', async () => {
    let broken = true
    const source = (): Readable => {
      if (!broken) return open()
      broken = false
      return Readable.from(
        (async function* () {
          yield fs.readFileSync(path).subarray(0, 50)
          throw new Error('the network is away')
        })(),
      )
    }
    const lend = scratch.open({ archives: { base: source } })
    const failed = await lend('base').catch((error: unknown) => String(error))
    expect(failed).to.equal('Error: the network is away')
    expect(scratch.unfinished()).to.deep.equal([])
    expect(await lend('base')).to.include('/layers/')
  })

  it('refuses what is no stream, and options that are none', async () => {
    // what the types do not have
    const none = { archives: { base: () => 'text' } } as unknown as TarRootfsOptions
    const error = await scratch
      .open(none)('base')
      .catch((one: unknown) => one)
    expect(error).to.be.instanceOf(TypeError).with.property('field', 'archives')
    const bad: readonly (readonly [string, unknown])[] = [
      ['archive', { archive: {} }],
      ['archives.a/b', { archives: { 'a/b': open } }],
      ['archives.a', { archives: { a: 'a.tar' } }],
      ['archives.a.digest', { archives: { a: { open, digest: 'sha256:1' } } }],
      ['limits.entries', { limits: { entries: 0 } }],
    ]
    for (const [field, options] of bad) {
      // what the types do not have
      expect(() => scratch.open(options as TarRootfsOptions))
        .to.throw()
        .with.property('field', field)
    }
  })
})
