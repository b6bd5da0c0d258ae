import { archiveError } from './archive-error.js'
import { BLOCK } from './decode-header.js'
import { encodeHeader, sparseMap } from './encode-header.js'
import type { Gathering } from './gathering.js'
import { asBuffer } from './read-tar.js'
import type { TarEntry } from './tar-entry.js'

const nothing = Buffer.alloc(0)
const zeros = Buffer.alloc(2 * BLOCK)

function storedBytes(entry: TarEntry): number {
  if (entry.type !== 'file') return 0
  if (entry.pieces === undefined) return entry.size
  return entry.pieces.reduce((sum, { length }) => sum + length, 0)
}

/** Where the writing is, and what of an entry's content is still to come. */
export class Writing {
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

  /** All of its content goes to its place some other way. */
  elsewhere(): void {
    this.#written += this.#left
    this.#left = 0
  }

  end(): void {
    if (this.#left > 0) throw this.#misfit()
    const rest = this.#written % BLOCK
    if (rest > 0) this.#add(zeros.subarray(0, BLOCK - rest))
  }

  /** After the last entry. */
  finish(): void {
    this.#add(zeros)
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
