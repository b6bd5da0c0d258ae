import { expect } from 'chai'
import { readTar, type FoundTarEntry, type TarLimits } from '../dist/index.js'
import { archive, chunks, codeOf, endMark, gather, pax, raw, record } from './archives.js'

interface Found {
  readonly entry: FoundTarEntry
  readonly text: string
}

async function read(source: AsyncIterable<Buffer>, limits: Partial<TarLimits> = {}) {
  const found: Found[] = []
  for await (const { entry, content } of readTar(source, { limits })) {
    let text = ''
    for await (const { bytes } of content) text += bytes.toString('latin1')
    found.push({ entry, text })
  }
  return found
}

const CORRUPT = 'ERR_ARCHIVE_CORRUPT'
const LIMIT = 'ERR_ARCHIVE_LIMIT'

/** A field of 8 bytes in base 256. */
function large(value: number): string {
  const field = Buffer.alloc(8)
  field.writeUInt32BE(value, 4)
  field[0] = 0x80
  return field.toString('latin1')
}

describe('readTar', () => {
  it('finds the same whatever the chunks are', async () => {
    const parts = [
      raw({ name: 'd/', flag: '5', mode: 0o755 }),
      pax(['path', `d/${'é'.repeat(120)}`], ['mtime', '-1.5'], ['SCHILY.xattr.user.a', '1=\n2']),
      raw({ name: 'short', content: 'x'.repeat(1500), uid: 7 }),
      raw({ name: '././@LongLink', flag: 'L', content: `${'n'.repeat(200)}\0`, magic: 'ustar  ' }),
      raw({ name: 'cut', content: 'y', magic: 'ustar  ' }),
    ]
    const whole = await read(archive(parts, 1 << 20))
    for (const size of [1, 7, 511, 512, 513, 1024])
      expect(await read(archive(parts, size)), `${size}`).to.deep.equal(whole)
    expect(
      whole.map(({ entry, text }) => [entry.type, entry.path.length, text.length]),
    ).to.deep.equal([
      ['directory', 2, 0],
      ['file', 242, 1500],
      ['file', 200, 1],
    ])
    expect(whole[1]?.entry).to.include({ uid: 7, mtimeNs: -1_500_000_000n })
    expect([...(whole[1]?.entry.xattrs ?? [])].map(String)).to.deep.equal(['user.a,1=\n2'])
  })

  it('reads ids and sizes beyond octal, and does not take negative ones', async () => {
    const header = raw({ name: 'a' })
    header.write(large(3_000_000_000), 108, 'latin1')
    header.write('        ', 148)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    expect((await read(archive([header])))[0]?.entry.uid).to.equal(3_000_000_000)
    const negative = { name: 'a', size: '\xff'.repeat(12) }
    expect(await codeOf(read(archive([raw(negative)])))).to.equal(CORRUPT)
  })

  it('refuses an archive that is cut anywhere', async () => {
    const whole = Buffer.concat([
      pax(['path', 'p'.repeat(300)]),
      raw({ name: 'a', content: 'c'.repeat(600) }),
      raw({ name: 'b' }),
    ])
    for (let size = 0; size <= whole.length; size += 64)
      expect(await codeOf(read(chunks(whole.subarray(0, size)))), `${size}`).to.equal(CORRUPT)
    expect(await codeOf(read(chunks(Buffer.concat([whole, endMark]))))).to.equal('ok')
  })

  // GHSA-8x88, -w8wr, -gvwx, -vmf3 of node-tar, CVE-2021-20291: what one reader skips is another's entry
  const hostile: readonly (readonly [string, readonly Buffer[]])[] = [
    ['a wrong checksum', [raw({ name: 'a', checksum: '000000\0 ' })]],
    ['a format that is none', [raw({ name: 'a', magic: 'whatever' })]],
    ['a type that is none', [raw({ name: 'a', flag: 'Q' })]],
    ['an incremental directory', [raw({ name: 'a', flag: 'D' })]],
    ['a size that is no number', [raw({ name: 'a', size: '0000000000x' })]],
    ['a directory with content', [raw({ name: 'a', flag: '5', content: 'x' })]],
    ['a hard link with content', [raw({ name: 'a', flag: '1', target: 'b', content: 'x' })]],
    ['a link to nothing', [raw({ name: 'a', flag: '2' })]],
    ['an entry without a name', [raw({ name: '' })]],
    ['a file with a slash at its end', [raw({ name: 'a/', content: 'x' })]],
    ['an entry after an end mark', [raw({ name: 'a' }), Buffer.alloc(512), raw({ name: 'b' })]],
    ['an extended header for nothing', [pax(['path', 'x'])]],
    ['two extended headers', [pax(['path', 'x']), pax(['path', 'y']), raw({ name: 'a' })]],
    [
      'a long name after an extended header',
      [pax(['size', '3']), raw({ name: 'L', flag: 'L', content: 'x\0' }), raw({ name: 'a' })],
    ],
    ['a negative size', [pax(['size', '-1']), raw({ name: 'a' })]],
    ['a size in hexadecimal', [pax(['size', '0x10']), raw({ name: 'a' })]],
    ['a name with a NUL', [pax(['path', 'a\0b']), raw({ name: 'a' })]],
    ['two sizes', [pax(['size', '0'], ['size', '512']), raw({ name: 'a' })]],
    [
      'a record without a key',
      [raw({ name: 'x', flag: 'x', content: '5 =a\n' }), raw({ name: 'a' })],
    ],
    [
      'a record that is too long',
      [raw({ name: 'x', flag: 'x', content: '99 path=a\n' }), raw({ name: 'a' })],
    ],
    [
      'NULs after the records',
      [raw({ name: 'x', flag: 'x', content: `${record('path', 'b')}\0\0` }), raw({ name: 'a' })],
    ],
    [
      'a size for all entries',
      [raw({ name: 'g', flag: 'g', content: record('size', '1') }), raw({ name: 'a' })],
    ],
    [
      'a sparse map without a size',
      [pax(['GNU.sparse.map', '0,1']), raw({ name: 'a', content: 'x' })],
    ],
    [
      'a sparse map that overlaps',
      [
        pax(['GNU.sparse.map', '0,2,1,1'], ['GNU.sparse.size', '9']),
        raw({ name: 'a', content: 'xxx' }),
      ],
    ],
    [
      'a sparse map beyond the file',
      [
        pax(['GNU.sparse.map', '5,3'], ['GNU.sparse.size', '7']),
        raw({ name: 'a', content: 'xxx' }),
      ],
    ],
    [
      'a sparse map of more than is there',
      [
        pax(['GNU.sparse.map', '0,9'], ['GNU.sparse.size', '9']),
        raw({ name: 'a', content: 'xxx' }),
      ],
    ],
    ['a sparse dialect not read', [pax(['SCHILY.realsize', '9']), raw({ name: 'a' })]],
  ]
  for (const [title, parts] of hostile)
    it(`refuses ${title}`, async () => {
      expect(await codeOf(read(archive(parts)))).to.equal(CORRUPT)
    })

  it('takes a comment for all entries, as git writes it', async () => {
    const global = raw({ name: 'g', flag: 'g', content: record('comment', 'commit') })
    expect(await read(archive([global, raw({ name: 'a' })]))).to.have.lengthOf(1)
  })

  const bombs: readonly (readonly [string, readonly Buffer[], Partial<TarLimits>])[] = [
    ['entries', Array.from({ length: 5 }, (_, i) => raw({ name: `${i}` })), { entries: 4 }],
    [
      'content',
      [raw({ name: 'a', content: 'xx' }), raw({ name: 'b', content: 'xx' })],
      { contentBytes: 3 },
    ],
    ['a file', [raw({ name: 'a', size: '77777777777' })], { fileBytes: 1000 }],
    ['names', [pax(['path', 'x'.repeat(5000)]), raw({ name: 'a' })], {}],
    [
      'extended headers',
      [pax(['comment', 'x'.repeat(5000)]), raw({ name: 'a' })],
      { paxBytes: 4096 },
    ],
    ['attributes', [pax(['SCHILY.xattr.user.a', 'xxxxx']), raw({ name: 'a' })], { xattrBytes: 5 }],
    [
      'pieces',
      [
        pax(['GNU.sparse.map', '0,1,2,1,4,1'], ['GNU.sparse.size', '9']),
        raw({ name: 'a', content: 'xxx' }),
      ],
      { sparsePieces: 2 },
    ],
    [
      'a sparse file',
      [
        pax(['GNU.sparse.map', '0,3'], ['GNU.sparse.size', '99999']),
        raw({ name: 'a', content: 'xxx' }),
      ],
      { fileBytes: 1000 },
    ],
  ]
  for (const [what, parts, limits] of bombs)
    it(`has a limit for ${what}`, async () => {
      expect(await codeOf(read(archive(parts), limits))).to.equal(LIMIT)
    })

  it('refuses limits that are none', async () => {
    expect(await codeOf(read(archive([]), { entries: 0 }))).to.equal('ERR_INVALID_SPEC')
    expect(await codeOf(read(archive([]), { ratio: 1.5 }))).to.equal('ERR_INVALID_SPEC')
  })

  it('gives up when the signal says so', async () => {
    const signal = AbortSignal.abort()
    expect(await codeOf(gather(bytesOf(signal)))).to.equal('ERR_ABORTED')
  })
})

async function* bytesOf(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const { entry } of readTar(archive([raw({ name: 'a' })]), { signal })) yield entry.path
}
