import { BLOCK } from './decode-header.js'
import { encodeHeader, sparseMap } from './encode-header.js'
import { asBuffer } from './read-tar.js'
import { archiveError } from './archive-error.js'
import type { TarEntry } from './tar-entry.js'

/** An entry to write. */
export interface WriteEntry {
  readonly entry: TarEntry
  /** Of a file: exactly its size; of one with pieces: exactly these, one after another. */
  readonly content?: AsyncIterable<Uint8Array> | Uint8Array
}

const CHUNK = 256 * 1024

/** Small pieces gathered into large ones. */
class Gathering {
  #chunk = Buffer.allocUnsafe(CHUNK)
  #filled = 0

  rest(): Buffer {
    const chunk = this.#chunk.subarray(0, this.#filled)
    this.#chunk = Buffer.allocUnsafe(CHUNK)
    this.#filled = 0
    return chunk
  }

  *add(bytes: Uint8Array): Generator<Buffer> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + CHUNK - this.#filled)
      this.#chunk.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === CHUNK) yield this.rest()
    }
  }
}

function storedBytes(entry: TarEntry): number {
  if (entry.type !== 'file') return 0
  if (entry.pieces === undefined) return entry.size
  return entry.pieces.reduce((sum, { length }) => sum + length, 0)
}

async function* contentOf({ content }: WriteEntry): AsyncGenerator<Buffer> {
  if (content === undefined) return
  if (content instanceof Uint8Array) yield asBuffer(content)
  else for await (const chunk of content) yield asBuffer(chunk)
}

/**
 * Entries as an archive, in their order: ustar, with extended headers (PAX) where it needs them. The same entries give the
 * same bytes.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT when content is not as long as its entry says
 */
export async function* writeTar(
  entries: AsyncIterable<WriteEntry> | Iterable<WriteEntry>,
): AsyncGenerator<Buffer, void, void> {
  const gathering = new Gathering()
  let offset = 0
  for await (const one of entries) {
    const { entry } = one
    const expected = storedBytes(entry)
    const map = entry.pieces === undefined ? Buffer.alloc(0) : sparseMap(entry.pieces, entry.size)
    const header = encodeHeader(entry)
    yield* gathering.add(header)
    yield* gathering.add(map)
    let size = 0
    for await (const chunk of contentOf(one)) {
      size += chunk.length
      if (size > expected) break
      yield* gathering.add(chunk)
    }
    if (size !== expected) {
      const why = `its content is not the ${expected} bytes that its header says`
      throw archiveError('ERR_ARCHIVE_CORRUPT', offset, entry.path, why)
    }
    const padding = (BLOCK - (size % BLOCK)) % BLOCK
    yield* gathering.add(Buffer.alloc(padding))
    offset += header.length + map.length + size + padding
  }
  yield* gathering.add(Buffer.alloc(2 * BLOCK))
  yield gathering.rest()
}
