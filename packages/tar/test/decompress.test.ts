import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { trustedProgram } from '@caisson/core'
import { archiveFile, compressionOf, decompress, type DecompressOptions } from '@caisson/tar'
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

describe('archiveFile', () => {
  it('reads a file from its start, in chunks that hold good until the next', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'caisson-archive-file-'))
    const path = join(scratch, 'archive')
    const content = Buffer.alloc(1_000_001, 'a tar archive, with numbers 0123456789 ')
    try {
      for (const [bytes, kept] of [
        [content, false],
        [gzipSync(content, { level: 0 }), true],
      ] as const) {
        writeFileSync(path, bytes)
        const file = await open(path)
        const views: Uint8Array[] = []
        const copies: Buffer[] = []
        for await (const chunk of archiveFile(file)) {
          views.push(chunk)
          copies.push(Buffer.from(chunk))
        }
        await file.close()
        expect(Buffer.concat(copies).equals(bytes)).to.equal(true)
        expect(Buffer.concat(views).equals(bytes), 'kept by who needs them longer').to.equal(kept)
      }
    } finally {
      rmSync(scratch, { recursive: true })
    }
  })
})

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
