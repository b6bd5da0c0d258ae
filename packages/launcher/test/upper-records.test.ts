import { expect } from 'chai'
import { MalformedFrame } from '../dist/codec.js'
import { parseUpperRecords } from '../dist/upper-records.js'

function record(letters: string, path: string, opaque = 0): Buffer {
  const text = Buffer.from(path)
  const head = Buffer.alloc(20)
  head.write(letters[0] ?? '', 0)
  head.writeUInt8(letters[1] === 'w' ? 1 : 0, 1)
  head.writeUInt8(opaque, 2)
  if (letters[2]) head.write(letters[2], 3)
  head.writeUInt32LE(0o100644, 4)
  head.writeBigUInt64LE(5_000_000_000n, 8)
  head.writeUInt32LE(text.length, 16)
  return Buffer.concat([head, text])
}

async function parse(bytes: Buffer, chunk: number) {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk)
  }
  const entries = []
  for await (const entry of parseUpperRecords(chunks())) entries.push(entry)
  return entries
}

describe('parseUpperRecords', () => {
  const bytes = Buffer.concat([
    record('f ', 'new file'),
    record('cwf', 'etc/gone'),
    record('d d', 'ünï', 1),
  ])
  const common = { mode: 0o100644, size: 5_000_000_000 }
  const entries = [
    { path: 'new file', type: 'file', whiteout: false, opaque: false, lower: undefined, ...common },
    { path: 'etc/gone', type: 'device', whiteout: true, opaque: false, lower: 'file', ...common },
    {
      path: 'ünï',
      type: 'directory',
      whiteout: false,
      opaque: true,
      lower: 'directory',
      ...common,
    },
  ]

  it('reads records however the stream is cut', async () => {
    for (const chunk of [1, 7, 20, 1000]) expect(await parse(bytes, chunk)).to.deep.equal(entries)
  })

  it('refuses a stream that ends inside a record, an unknown type and an absurd path', async () => {
    const absurd = record('f ', '')
    absurd.writeUInt32LE(0xffffffff, 16)
    for (const broken of [bytes.subarray(0, -1), record('x ', 'a'), absurd]) {
      const error: unknown = await parse(broken, 64).catch((e: unknown) => e)
      expect(error).to.be.instanceOf(MalformedFrame)
    }
  })
})
