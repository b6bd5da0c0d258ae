import { archiveError } from './archive-error.js'
import { BLOCK } from './decode-header.js'
import { encodeHeader, sparseMap } from './encode-header.js'
import { asBuffer } from './read-tar.js'
import type { TarEntry } from './tar-entry.js'

/** An entry to write. */
export interface WriteEntry {
  readonly entry: TarEntry
  /** Of a file: exactly its size; of one with pieces: exactly these, one after another. Read before the next is asked for. */
  readonly content?: AsyncIterable<Uint8Array> | Uint8Array
}

const CHUNK = 256 * 1024
const nothing = Buffer.alloc(0)
const zeros = Buffer.alloc(2 * BLOCK)

/** How entries are written. */
export interface WriteOptions {
  /**
   * A chunk holds good only until the next one is asked for: its memory is used again, and the next is made ready meanwhile.
   * Faster where chunks go to a file. Default false.
   */
  readonly reuse?: boolean
}

/** Small pieces gathered into large ones. */
class Gathering {
  readonly #spare: Buffer[] = []
  #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK)
  #filled = 0
  /** Whole chunks that nobody has taken yet. */
  #whole: Buffer[] = []

  get some(): boolean {
    return this.#whole.length > 0
  }

  take(): readonly Buffer[] {
    return this.#whole.splice(0)
  }

  /** A chunk that nobody looks at any more. */
  give(chunk: Buffer): void {
    if (chunk.length === CHUNK) this.#spare.push(chunk)
  }

  rest(): Buffer {
    return this.#chunk.subarray(0, this.#filled)
  }

  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const size = bytes.copy(this.#chunk, this.#filled, at)
      this.#filled += size
      at += size
      if (this.#filled < CHUNK) return
      this.#whole.push(this.#chunk)
      this.#chunk = this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK)
      this.#filled = 0
    }
  }
}

function storedBytes(entry: TarEntry): number {
  if (entry.type !== 'file') return 0
  if (entry.pieces === undefined) return entry.size
  return entry.pieces.reduce((sum, { length }) => sum + length, 0)
}

/** Where the writing is, and what of an entry's content is still to come. */
class Writing {
  readonly #gathering: Gathering
  #entry: TarEntry | undefined
  #offset = 0
  #written = 0
  #left = 0

  constructor(gathering: Gathering) {
    this.#gathering = gathering
  }

  begin(entry: TarEntry): void {
    const header = encodeHeader(entry)
    const map = entry.pieces === undefined ? nothing : sparseMap(entry.pieces, entry.size)
    this.#entry = entry
    this.#offset = this.#written
    this.#left = storedBytes(entry)
    this.#add(header)
    this.#add(map)
  }

  content(bytes: Uint8Array): void {
    this.#left -= bytes.length
    if (this.#left < 0) throw this.#misfit()
    this.#add(asBuffer(bytes))
  }

  end(): void {
    if (this.#left > 0) throw this.#misfit()
    const rest = this.#written % BLOCK
    if (rest > 0) this.#add(zeros.subarray(0, BLOCK - rest))
  }

  #add(bytes: Buffer): void {
    this.#written += bytes.length
    this.#gathering.add(bytes)
  }

  #misfit(): Error {
    const entry = this.#entry
    const expected = entry === undefined ? 0 : storedBytes(entry)
    const why = `its content is not the ${expected} bytes that its header says`
    return archiveError('ERR_ARCHIVE_CORRUPT', this.#offset, entry?.path, why)
  }
}

async function* chunksOf(
  entries: AsyncIterable<WriteEntry> | Iterable<WriteEntry>,
  gathering: Gathering,
): AsyncGenerator<Buffer, void, void> {
  const writing = new Writing(gathering)
  for await (const { entry, content } of entries) {
    writing.begin(entry)
    if (content instanceof Uint8Array) writing.content(content)
    else if (content !== undefined) {
      for await (const bytes of content) {
        writing.content(bytes)
        if (gathering.some) for (const chunk of gathering.take()) yield chunk
      }
    }
    writing.end()
    if (gathering.some) for (const chunk of gathering.take()) yield chunk
  }
  gathering.add(zeros)
  for (const chunk of gathering.take()) yield chunk
  yield gathering.rest()
}

/** The next chunk is made ready while one is looked at. */
async function* oneAhead(
  chunks: AsyncGenerator<Buffer, void, void>,
  done: (chunk: Buffer) => void,
): AsyncGenerator<Buffer, void, void> {
  let coming = chunks.next()
  try {
    for (let next = await coming; next.done !== true; next = await coming) {
      coming = chunks.next()
      // it is awaited when its turn comes; a failure before that is not unhandled
      coming.catch(() => {})
      yield next.value
      done(next.value)
    }
  } finally {
    await chunks.return()
  }
}

/**
 * Entries as an archive, in their order: ustar, with extended headers (PAX) where it needs them. The same entries give the
 * same bytes.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT when content is not as long as its entry says
 */
export async function* writeTar(
  entries: AsyncIterable<WriteEntry> | Iterable<WriteEntry>,
  { reuse = false }: WriteOptions = {},
): AsyncGenerator<Buffer, void, void> {
  const gathering = new Gathering()
  const chunks = chunksOf(entries, gathering)
  if (reuse) yield* oneAhead(chunks, (chunk) => gathering.give(chunk))
  else yield* chunks
}
