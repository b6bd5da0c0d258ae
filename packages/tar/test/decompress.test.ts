import { execFileSync } from 'node:child_process'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { trustedProgram } from '@caisson/core'
import { compressionOf, decompress, type DecompressOptions } from '@caisson/tar'
import { expect } from 'chai'
import { rejected } from './support/launcher.js'
import { chunks } from './support/place.js'

const text = Buffer.from('some text that packs well, '.repeat(20_000))
const pack: Readonly<Record<string, () => Buffer>> = {
  gzip: () => gzipSync(text),
  xz: () => execFileSync('xz', ['-c'], { input: text }),
  zstd: () => execFileSync('zstd', ['-c', '-q'], { input: text }),
}

async function unpack(packed: Buffer, options: DecompressOptions = {}): Promise<Buffer> {
  return buffer(decompress(chunks(packed, 1000), options))
}

async function* broken(): AsyncGenerator<Buffer> {
  yield gzipSync(text).subarray(0, 100)
  throw new Error('the network is away')
}

describe('decompress', function () {
  this.timeout(60_000)

  it('gives what is not compressed as it is, and nothing for nothing', async () => {
    expect((await unpack(text)).equals(text)).to.equal(true)
    expect((await unpack(Buffer.alloc(0))).length).to.equal(0)
  })

  for (const [name, make] of Object.entries(pack)) {
    for (const by of ['best', 'library'] as const) {
      it(`unpacks ${name}, by ${by}: whole, several parts, and nothing that is broken`, async function () {
        if (name !== 'gzip' && trustedProgram(name) === undefined) {
          console.log(
            `      skipped: no ${name} to pack with (apt-get install ${name === 'xz' ? 'xz-utils' : name})`,
          )
          this.skip()
        }
        const packed = make()
        expect(compressionOf(packed)).to.equal(name)
        expect((await unpack(packed, { by })).equals(text)).to.equal(true)
        const twice = await unpack(Buffer.concat([packed, packed]), { by })
        expect(twice.equals(Buffer.concat([text, text]))).to.equal(true)
        const cut = await rejected(unpack(packed.subarray(0, packed.length - 20), { by }))
        expect(cut.code, 'cut').to.equal('ERR_ARCHIVE_CORRUPT')
        const bad = Buffer.from(packed)
        bad.fill(0xaa, 30, 60)
        expect((await rejected(unpack(bad, { by }))).code, 'changed').to.equal(
          'ERR_ARCHIVE_CORRUPT',
        )
      })
    }
  }

  it('stops at a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(80 << 20))
    const error = await rejected(unpack(bomb, { limits: { ratio: 100 } }))
    expect(error.code).to.equal('ERR_ARCHIVE_LIMIT')
  })

  it('gives up when its signal says so', async () => {
    const error = await rejected(unpack(gzipSync(text), { signal: AbortSignal.abort() }))
    expect(error.code).to.equal('ERR_ABORTED')
  })

  it('fails as its source does', async () => {
    const failed = await buffer(decompress(broken())).catch((error: unknown) => String(error))
    expect(failed).to.equal('Error: the network is away')
  })
})
