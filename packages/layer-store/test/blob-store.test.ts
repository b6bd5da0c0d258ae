import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { parseDigest, type Digest } from '../dist/index.js'
import { codeOf, makeStore } from './store-fixture.js'

function sha(text: string): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`)
}

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

describe('blobs', () => {
  it('are there once they are whole, read-only, and by their digest', async () => {
    await using fixture = await makeStore()
    const { blobs } = fixture.store
    const seen: number[] = []
    const blob = await blobs.ingest(chunks('one ', 'two'), {
      digest: sha('one two'),
      size: 7,
      onProgress: (bytes) => seen.push(bytes),
    })
    expect(blob).to.deep.equal({ digest: sha('one two'), size: 7 })
    expect(seen).to.deep.equal([4, 7])
    expect(readFileSync(blobs.path(blob.digest), 'utf8')).to.equal('one two')
    expect(statSync(blobs.path(blob.digest)).mode & 0o777).to.equal(0o444)
    expect(await blobs.open(blob.digest).toArray()).to.deep.equal([Buffer.from('one two')])
    expect(fixture.names('ingest')).to.deep.equal([])
  })

  it('are not read from the source when they are there', async () => {
    await using fixture = await makeStore()
    const { blobs } = fixture.store
    await blobs.ingest(chunks('here'))
    const unread = {
      [Symbol.asyncIterator]: () => {
        throw new Error('it was read')
      },
    }
    expect(await blobs.ingest(unread, { digest: sha('here') })).to.have.property('size', 4)
  })

  for (const [title, texts, size] of [
    ['a flipped bit', ['hellp'], 5],
    ['too little', ['hell'], 5],
    ['too much', ['hello', '!'], 5],
  ] as const) {
    it(`refuse ${title}, and nothing stays`, async () => {
      await using fixture = await makeStore()
      const { blobs } = fixture.store
      const options = { digest: sha('hello'), size }
      expect(await codeOf(blobs.ingest(chunks(...texts), options))).to.equal('ERR_DIGEST_MISMATCH')
      expect(blobs.list()).to.deep.equal([])
      expect(fixture.names('ingest')).to.deep.equal([])
    })
  }

  it('stop an endless source at the size promised', async () => {
    await using fixture = await makeStore()
    let sent = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent += 1000
        yield Buffer.alloc(1000)
      }
    }
    const promise = fixture.store.blobs.ingest(endless(), { size: 2500 })
    expect(await codeOf(promise)).to.equal('ERR_DIGEST_MISMATCH')
    expect(sent).to.equal(3000)
  })

  it('refuse what is no digest before it becomes a path', async () => {
    await using fixture = await makeStore()
    const bad = [`sha256:../../${'x'.repeat(60)}`, `sha256:${'A'.repeat(64)}`, 'md5:00', '', 7]
    for (const digest of bad) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is the point
      expect(() => fixture.store.blobs.path(digest as Digest)).to.throw(TypeError, /64 lower-case/)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is the point
      const layer = () => fixture.store.layers.get(digest as Digest)
      expect(layer).to.throw(TypeError, /64 lower-case/)
    }
  })

  it('go on where a download was left, also in another opening', async () => {
    await using fixture = await makeStore()
    const first = await fixture.store.blobs.begin('https://example.invalid/x', {
      digest: sha('one two'),
    })
    first.append(Buffer.from('one'))
    first.suspend()
    await fixture.store.collect()
    const second = await (
      await fixture.again()
    ).blobs.begin('https://example.invalid/x', {
      digest: sha('one two'),
    })
    expect(second.offset).to.equal(3)
    second.append(Buffer.from(' two'))
    expect(await second.commit()).to.deep.equal({ digest: sha('one two'), size: 7 })
    expect(fixture.names('ingest')).to.deep.equal([])
  })

  it('are taken in by one at a time', async () => {
    await using fixture = await makeStore()
    const first = await fixture.store.blobs.begin('x')
    const other = await fixture.again()
    expect(await codeOf(other.blobs.begin('x'))).to.equal('ERR_STORE_LOCKED')
    first.discard()
    const second = await other.blobs.begin('x')
    second.discard()
  })

  it('give up at a signal, with nothing left', async () => {
    await using fixture = await makeStore()
    const abort = new AbortController()
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a')
      abort.abort()
      yield Buffer.from('b')
    }
    const promise = fixture.store.blobs.ingest(slow(), { signal: abort.signal })
    expect(await codeOf(promise)).to.equal('ERR_ABORTED')
    expect(fixture.names('ingest')).to.deep.equal([])
  })

  it('that are not there are an error of their own', async () => {
    await using fixture = await makeStore()
    const { blobs } = fixture.store
    expect(blobs.has(sha('no'))).to.equal(false)
    expect(() => blobs.open(sha('no'))).to.throw(/no such blob/)
    expect(fixture.names(join('blobs', 'sha256'))).to.deep.equal([])
  })
})
