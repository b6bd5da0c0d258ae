import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { compressionOf, decompress, type Compression } from '../dist/index.js'
import { chunks, codeOf, gather } from './archives.js'

const plain = Buffer.concat([randomBytes(100_000), Buffer.alloc(200_000, 'text ')])

function packed(program: string): Buffer | undefined {
  const done = spawnSync(program, ['-c', '-q'], { input: plain, maxBuffer: 2 ** 24 })
  return done.status === 0 ? done.stdout : undefined
}

async function* failing(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, 100)
  await Promise.resolve()
  throw Object.assign(new Error('the disk'), { code: 'EIO' })
}

const ways: readonly (readonly [Compression, () => Buffer | undefined])[] = [
  ['gzip', () => gzipSync(plain)],
  ['zstd', () => packed('zstd')],
  ['xz', () => packed('xz')],
]

describe('decompress', function () {
  this.timeout(60_000)

  it('leaves what is not compressed as it is', async () => {
    expect((await gather(decompress(chunks(plain, 3)))).equals(plain)).to.equal(true)
    expect(await gather(decompress(chunks(Buffer.alloc(0))))).to.have.lengthOf(0)
  })

  for (const [name, make] of ways) {
    for (const by of ['best', 'library'] as const) {
      describe(`${name}, ${by}`, () => {
        let bytes: Buffer

        before(function () {
          const made = make()
          if (made === undefined) {
            console.log(`      skipped: needs ${name} (apt-get install zstd xz-utils)`)
            return this.skip()
          }
          bytes = made
          return undefined
        })

        it('is known by its first bytes, and gives back what it was', async () => {
          expect(compressionOf(bytes)).to.equal(name)
          for (const size of [1000, 65_536])
            expect((await gather(decompress(chunks(bytes, size), { by }))).equals(plain)).to.equal(
              true,
            )
        })

        it('is refused when it is cut or damaged', async () => {
          const cut = bytes.subarray(0, bytes.length - 100)
          expect(await codeOf(gather(decompress(chunks(cut), { by })))).to.equal(
            'ERR_ARCHIVE_CORRUPT',
          )
          const damaged = Buffer.from(bytes)
          damaged.fill(0xff, bytes.length - 60, bytes.length - 30)
          expect(await codeOf(gather(decompress(chunks(damaged), { by })))).to.equal(
            'ERR_ARCHIVE_CORRUPT',
          )
        })

        it('keeps the failure of its source', async () => {
          expect(await codeOf(gather(decompress(failing(bytes), { by })))).to.equal('EIO')
        })

        it('ends with its reader', async () => {
          for await (const chunk of decompress(chunks(bytes, 1000), { by })) {
            expect(chunk.length).to.be.greaterThan(0)
            break
          }
        })
      })
    }
  }

  it('has a limit for what grows too much', async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024))
    expect(await codeOf(gather(decompress(chunks(bomb), { limits: { ratio: 100 } })))).to.equal(
      'ERR_ARCHIVE_LIMIT',
    )
  })
})
