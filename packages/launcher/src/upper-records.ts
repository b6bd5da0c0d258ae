import type { UpperEntry } from '@caisson/core'
import { MalformedFrame } from './codec.js'

/** Bytes before a record's path: type, whiteout, opaque, lower, mode, size, length of the path. */
const RECORD_HEADER_BYTES = 20

/** Longer than any path the kernel hands out in one piece, so that a broken length does not eat memory. */
const MAX_PATH_BYTES = 1 << 20

const types: Readonly<Record<string, UpperEntry['type']>> = {
  f: 'file',
  d: 'directory',
  l: 'symlink',
  c: 'device',
  o: 'other',
}

function typeOf(letter: number): UpperEntry['type'] {
  const type = types[String.fromCharCode(letter)]
  if (!type) throw new MalformedFrame(`no entry has type ${letter}`)
  return type
}

function parseRecord(bytes: Buffer, at: number, pathLength: number): UpperEntry {
  const lower = bytes.readUInt8(at + 3)
  const path = at + RECORD_HEADER_BYTES
  return {
    path: bytes.toString('utf8', path, path + pathLength),
    type: typeOf(bytes.readUInt8(at)),
    whiteout: bytes.readUInt8(at + 1) !== 0,
    opaque: bytes.readUInt8(at + 2) !== 0,
    lower: lower === 0 ? undefined : typeOf(lower),
    mode: bytes.readUInt32LE(at + 4),
    size: Number(bytes.readBigUInt64LE(at + 8)),
  }
}

/**
 * Parses the records of a `changes` request as they arrive.
 * @throws MalformedFrame when a record is broken or the stream ends inside one
 */
export async function* parseUpperRecords(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<UpperEntry> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (bytes.length - at >= RECORD_HEADER_BYTES) {
      const pathLength = bytes.readUInt32LE(at + 16)
      if (pathLength > MAX_PATH_BYTES)
        throw new MalformedFrame(`a path of ${pathLength} bytes was announced`)
      const end = at + RECORD_HEADER_BYTES + pathLength
      if (bytes.length < end) break
      yield parseRecord(bytes, at, pathLength)
      at = end
    }
    rest = bytes.subarray(at)
  }
  if (rest.length > 0) throw new MalformedFrame('the list of changes ends inside a record')
}
