import { archiveError } from './archive-error.js'
import { BLOCK, decodeOffset } from './decode-header.js'
import type { TarLimits } from './limits.js'
import type { SparsePiece } from './tar-entry.js'

/** Pieces as numbers of a map, offset and length in turn. */
export class SparseMap {
  readonly #offset: number
  readonly #limits: TarLimits
  readonly #pieces: SparsePiece[] = []

  /** @param offset of the entry's header, for messages */
  constructor(offset: number, limits: TarLimits) {
    this.#offset = offset
    this.#limits = limits
  }

  /** @throws CaissonError ERR_ARCHIVE_LIMIT */
  add(offset: number, length: number): void {
    if (this.#pieces.length >= this.#limits.sparsePieces) {
      const why = `more than the ${this.#limits.sparsePieces} pieces that a file may have`
      throw archiveError('ERR_ARCHIVE_LIMIT', this.#offset, undefined, why)
    }
    this.#pieces.push({ offset, length })
  }

  /**
   * Those that hold something.
   * @throws CaissonError ERR_ARCHIVE_CORRUPT when they overlap, leave the file, or are not as long as what is stored
   */
  finish(size: number, stored: number): readonly SparsePiece[] {
    let end = 0
    let total = 0
    for (const { offset, length } of this.#pieces) {
      if (offset < end || offset + length > size) throw this.#corrupt('overlaps or leaves the file')
      end = offset + length
      total += length
    }
    if (total !== stored)
      throw this.#corrupt(`has ${total} bytes of data, but ${stored} are stored`)
    return this.#pieces.filter(({ length }) => length > 0)
  }

  /**
   * Entries of a header's own map (4, from byte 386) or of a block that follows it (21): offset and length, 12 bytes each;
   * the first that is empty ends it. True: another block follows.
   */
  addOldGnu(block: Buffer, start: number, count: number): boolean {
    for (let i = 0; i < count; i++) {
      const at = start + 24 * i
      if (block[at] === 0 && block[at + 12] === 0) break
      this.add(decodeOffset(block, at, this.#offset), decodeOffset(block, at + 12, this.#offset))
    }
    return block[start + 24 * count] === 1
  }

  /** `GNU.sparse.map`: numbers between commas. */
  addList(text: string): void {
    const numbers = text === '' ? [] : text.split(',')
    if (numbers.length % 2 !== 0) throw this.#corrupt('has an odd number of numbers')
    for (let i = 0; i < numbers.length; i += 2)
      this.add(this.#number(numbers[i]), this.#number(numbers[i + 1]))
  }

  #number(text: string | undefined): number {
    const value = Number(text)
    if (text !== undefined && /^\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return value
    throw this.#corrupt('has something that is no number')
  }

  #corrupt(why: string): Error {
    return archiveError('ERR_ARCHIVE_CORRUPT', this.#offset, undefined, `its sparse map ${why}`)
  }

  /** GNU.sparse.offset and GNU.sparse.numbytes, in turn. */
  addPairs(numbers: readonly string[]): void {
    this.addList(numbers.join(','))
  }
}

/** A map that stands before the content, decimal lines in whole blocks: how many pieces, then offset and length of each. */
export class InlineMap {
  readonly #map: SparseMap
  readonly #offset: number
  #text = ''
  #count: number | undefined
  #numbers: string[] = []

  constructor(map: SparseMap, offset: number) {
    this.#map = map
    this.#offset = offset
  }

  /** True: that was the last block of it. */
  add(block: Buffer): boolean {
    if (block.length !== BLOCK) throw new RangeError('a map comes in blocks')
    const lines = (this.#text + block.toString('latin1')).split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) if (this.#line(line)) return true
    if (this.#text.length > 20) throw this.#corrupt()
    return this.#count === 0
  }

  #line(line: string): boolean {
    if (!/^\d{1,16}$/.test(line)) throw this.#corrupt()
    if (this.#count === undefined) {
      this.#count = Number(line)
      return this.#count === 0
    }
    this.#numbers.push(line)
    if (this.#numbers.length === 2) {
      this.#map.addPairs(this.#numbers)
      this.#numbers = []
      this.#count--
    }
    return this.#count === 0
  }

  #corrupt(): Error {
    const why = 'its sparse map has a line that is no number'
    return archiveError('ERR_ARCHIVE_CORRUPT', this.#offset, undefined, why)
  }
}
