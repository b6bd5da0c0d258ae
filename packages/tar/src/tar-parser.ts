import { archiveError } from './archive-error.js'
import { BLOCK, decodeHeader, decodeOffset, type RawHeader } from './decode-header.js'
import type { TarLimits } from './limits.js'
import { makeEntry, type Extensions } from './make-entry.js'
import { parsePax } from './pax-records.js'
import { readPax } from './pax-values.js'
import { InlineMap, SparseMap } from './sparse-map.js'
import type { FoundTarEntry, SparsePiece } from './tar-entry.js'

/** What comes out of an archive, in its order. `data` belongs to the entry before it; bytes are views of the chunk. */
export type TarEvent =
  | { readonly kind: 'entry'; readonly entry: FoundTarEntry }
  | { readonly kind: 'data'; readonly offset: number; readonly bytes: Buffer }

type State = 'header' | 'extension' | 'old-map' | 'inline-map' | 'content' | 'padding' | 'end'

const zeros = Buffer.alloc(BLOCK)

/** An extension header whose content is being read. */
interface Extension {
  readonly flag: string
  readonly bytes: Buffer
  filled: number
  readonly offset: number
}

/** A sparse entry whose map is not all there yet. */
interface Mapping {
  readonly entry: FoundTarEntry
  readonly realSize: number
  readonly map: SparseMap
  readonly inline: InlineMap | undefined
  stored: number
}

/**
 * Cuts an archive into entries and their content, chunk by chunk, without copying content. Strict: where readers of
 * archives differ in what they find, nothing is found. One archive each.
 */
export class TarParser {
  readonly #limits: TarLimits
  readonly #carry = Buffer.alloc(BLOCK)
  #filled = 0
  #state: State = 'header'
  /** Bytes before the chunk at hand. */
  #base = 0
  /** Content or padding still to come. */
  #left = 0
  #padding = 0
  #zeroBlocks = 0
  #entries = 0
  #contentBytes = 0
  #extension: Extension | undefined
  #extensions: Extensions = {}
  /** Where the entry's first header stands, extensions included. */
  #start: number | undefined
  #mapping: Mapping | undefined
  #pieces: readonly SparsePiece[] = []
  #piece = 0
  /** Where in the file the next content goes. */
  #at = 0

  constructor(limits: TarLimits) {
    this.#limits = limits
  }

  /** Uncompressed bytes so far. */
  get bytes(): number {
    return this.#base
  }

  /** @throws CaissonError ERR_ARCHIVE_CORRUPT, ERR_ARCHIVE_LIMIT */
  *feed(chunk: Buffer): Generator<TarEvent, void, void> {
    let at = 0
    while (at < chunk.length && this.#state !== 'end') {
      if (this.#state === 'content') {
        const end = at + Math.min(this.#left, chunk.length - at)
        yield* this.#content(chunk.subarray(at, end))
        at = end
      } else if (this.#state === 'padding') {
        const size = Math.min(this.#padding, chunk.length - at)
        at += size
        this.#padding -= size
        if (this.#padding === 0) this.#state = 'header'
      } else if (this.#state === 'extension' && this.#extension !== undefined) {
        at = this.#fillExtension(this.#extension, chunk, at)
      } else {
        const block = this.#block(chunk, at)
        at = Math.min(chunk.length, at + BLOCK - this.#filled)
        if (block === undefined) break
        yield* this.#take(block, this.#base + at - BLOCK)
      }
    }
    this.#base += chunk.length
  }

  /**
   * No more chunks come.
   * @throws CaissonError ERR_ARCHIVE_CORRUPT when that is in the middle of something
   */
  finish(): void {
    if (this.#state === 'end') return
    const whole = this.#state === 'header' && this.#filled === 0 && this.#start === undefined
    if (whole && this.#zeroBlocks > 0) return
    const why = whole ? 'it ends without its end mark: it is truncated' : 'it is truncated'
    throw archiveError('ERR_ARCHIVE_CORRUPT', this.#base, undefined, why)
  }

  /** The next block, once it is whole. It starts at `at - #filled`. */
  #block(chunk: Buffer, at: number): Buffer | undefined {
    if (this.#filled === 0 && chunk.length - at >= BLOCK) return chunk.subarray(at, at + BLOCK)
    const size = Math.min(BLOCK - this.#filled, chunk.length - at)
    chunk.copy(this.#carry, this.#filled, at, at + size)
    if (this.#filled + size < BLOCK) {
      this.#filled += size
      return undefined
    }
    return this.#carry
  }

  *#take(block: Buffer, offset: number): Generator<TarEvent, void, void> {
    this.#filled = 0
    if (this.#state === 'header') yield* this.#header(block, offset)
    else if (this.#mapping !== undefined) yield* this.#map(this.#mapping, block)
  }

  *#header(block: Buffer, offset: number): Generator<TarEvent, void, void> {
    if (block.equals(zeros)) {
      if (this.#start !== undefined) throw this.#corrupt('it ends after an extended header')
      if (++this.#zeroBlocks === 2) this.#state = 'end'
      return
    }
    if (this.#zeroBlocks > 0) throw this.#corrupt('an entry follows an end mark', offset)
    if (++this.#entries > this.#limits.entries) {
      const why = `more than the ${this.#limits.entries} entries that it may have`
      throw archiveError('ERR_ARCHIVE_LIMIT', offset, undefined, why)
    }
    const header = decodeHeader(block, offset)
    this.#start ??= offset
    if ('xgLK'.includes(header.flag)) this.#beginExtension(header)
    else yield* this.#entry(header, block)
  }

  #beginExtension(header: RawHeader): void {
    const { flag, size, offset } = header
    const { pax, longName, longTarget } = this.#extensions
    const taken =
      flag === 'L'
        ? (longName ?? pax)
        : flag === 'K'
          ? (longTarget ?? pax)
          : (pax ?? longName ?? longTarget)
    if (flag !== 'g' && taken !== undefined)
      throw this.#corrupt('two of its extended headers contradict each other')
    const limit = flag === 'x' || flag === 'g' ? this.#limits.paxBytes : this.#limits.pathBytes + 1
    if (size > limit) {
      throw archiveError(
        'ERR_ARCHIVE_LIMIT',
        offset,
        undefined,
        `its extended header is longer than ${limit} bytes`,
      )
    }
    this.#extension = { flag, bytes: Buffer.alloc(size), filled: 0, offset }
    this.#state = 'extension'
    if (size === 0) this.#endExtension(this.#extension)
  }

  #fillExtension(extension: Extension, chunk: Buffer, at: number): number {
    const size = chunk.copy(extension.bytes, extension.filled, at)
    extension.filled += size
    if (extension.filled === extension.bytes.length) this.#endExtension(extension)
    return at + size
  }

  #endExtension({ flag, bytes, offset }: Extension): void {
    this.#extension = undefined
    if (flag === 'x') this.#extensions.pax = readPax(parsePax(bytes, offset), offset, this.#limits)
    else if (flag === 'g') this.#global(bytes, offset)
    else {
      const nul = bytes.indexOf(0)
      const name = nul < 0 ? bytes : bytes.subarray(0, nul)
      if (flag === 'L') this.#extensions.longName = name
      else this.#extensions.longTarget = name
    }
    this.#pad(bytes.length)
  }

  /** Of what holds for all that follows, only a comment does no harm: the rest is not what every reader applies. */
  #global(bytes: Buffer, offset: number): void {
    const { pax, longName, longTarget } = this.#extensions
    if (pax ?? longName ?? longTarget)
      throw this.#corrupt('a global header stands between an entry and its own')
    for (const [key] of parsePax(bytes, offset)) {
      if (/^(comment|charset|hdrcharset)$/.test(key)) continue
      throw this.#corrupt(`a global header sets ${key} for all entries`)
    }
    this.#start = undefined
  }

  *#entry(header: RawHeader, block: Buffer): Generator<TarEvent, void, void> {
    const start = this.#start ?? header.offset
    const extensions = this.#extensions
    this.#extensions = {}
    this.#start = undefined
    const entry = makeEntry(header, extensions, start, this.#limits)
    this.#count(entry, entry.stored)
    this.#pieces = []
    this.#left = entry.stored
    this.#padding = (BLOCK - (entry.stored % BLOCK)) % BLOCK
    const sparse = extensions.pax?.sparse
    if (header.flag === 'S') {
      if (header.format !== 'gnu' || sparse !== undefined)
        throw this.#corrupt('it has two sparse maps', start)
      const realSize = decodeOffset(block, 483, start)
      const mapping = this.#beginMap(entry, realSize, undefined)
      if (mapping.map.addOldGnu(block, 386, 4)) this.#state = 'old-map'
      else yield* this.#mapped(mapping)
    } else if (sparse === undefined) yield* this.#begin(entry)
    else if (sparse.realSize === undefined) throw this.#corrupt('its sparse map has no size', start)
    else {
      const mapping = this.#beginMap(entry, sparse.realSize, sparse.version)
      if (sparse.version === '1.0') this.#state = 'inline-map'
      else {
        if (sparse.version === '0.1') mapping.map.addList(sparse.map ?? '')
        else mapping.map.addPairs(sparse.numbers)
        yield* this.#mapped(mapping)
      }
    }
  }

  #beginMap(entry: FoundTarEntry, realSize: number, version: string | undefined): Mapping {
    const map = new SparseMap(entry.offset, this.#limits)
    const inline = version === '1.0' ? new InlineMap(map, entry.offset) : undefined
    this.#mapping = { entry, realSize, map, inline, stored: entry.stored }
    return this.#mapping
  }

  *#map(mapping: Mapping, block: Buffer): Generator<TarEvent, void, void> {
    if (mapping.inline === undefined) {
      if (!mapping.map.addOldGnu(block, 0, 21)) yield* this.#mapped(mapping)
      return
    }
    mapping.stored -= BLOCK
    if (mapping.stored < 0)
      throw this.#corrupt('its sparse map is longer than its content', mapping.entry.offset)
    if (mapping.inline.add(block)) yield* this.#mapped(mapping)
  }

  *#mapped({ entry, realSize, map, stored }: Mapping): Generator<TarEvent, void, void> {
    this.#mapping = undefined
    this.#count(entry, realSize)
    this.#pieces = map.finish(realSize, stored)
    this.#left = stored
    yield* this.#begin({ ...entry, size: realSize, stored, pieces: this.#pieces })
  }

  *#begin(entry: FoundTarEntry): Generator<TarEvent, void, void> {
    this.#piece = 0
    this.#at = this.#pieces[0]?.offset ?? 0
    this.#state = this.#left > 0 ? 'content' : this.#padding > 0 ? 'padding' : 'header'
    this.#contentBytes += entry.stored
    yield { kind: 'entry', entry }
  }

  #count(entry: FoundTarEntry, size: number): void {
    const { fileBytes, contentBytes } = this.#limits
    if (size > fileBytes)
      throw archiveError(
        'ERR_ARCHIVE_LIMIT',
        entry.offset,
        entry.path,
        `it is larger than ${fileBytes} bytes`,
      )
    if (this.#contentBytes + entry.stored > contentBytes)
      throw archiveError(
        'ERR_ARCHIVE_LIMIT',
        entry.offset,
        entry.path,
        `with it, there are more than ${contentBytes} bytes`,
      )
  }

  *#content(bytes: Buffer): Generator<TarEvent, void, void> {
    this.#left -= bytes.length
    let rest = bytes
    while (rest.length > 0) {
      const piece = this.#pieces[this.#piece]
      const room = piece === undefined ? rest.length : piece.offset + piece.length - this.#at
      const part = rest.subarray(0, room)
      yield { kind: 'data', offset: this.#at, bytes: part }
      this.#at += part.length
      rest = rest.subarray(part.length)
      if (piece !== undefined && this.#at === piece.offset + piece.length)
        this.#at = this.#pieces[++this.#piece]?.offset ?? this.#at
    }
    if (this.#left === 0) this.#state = this.#padding > 0 ? 'padding' : 'header'
  }

  #pad(size: number): void {
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK
    this.#state = this.#padding > 0 ? 'padding' : 'header'
  }

  #corrupt(why: string, offset = this.#start ?? this.#base): Error {
    return archiveError('ERR_ARCHIVE_CORRUPT', offset, undefined, why)
  }
}
