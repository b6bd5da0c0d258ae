import { archiveError } from './archive-error.js'

export const BLOCK = 512

/** The dialect of a header: what its last third means. */
export type TarFormat = 'v7' | 'ustar' | 'gnu' | 'star'

/** One header block, its fields typed. */
export interface RawHeader {
  readonly format: TarFormat
  readonly name: Buffer
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeSeconds: number
  /** typeflag, one character. */
  readonly flag: string
  readonly linkName: Buffer
  readonly userName: string
  readonly groupName: string
  readonly major: number
  readonly minor: number
  readonly offset: number
}

/** Highest id; the one above means "leave it" to chown(2). */
export const MAX_ID = 0xffff_fffe

const nothing = Buffer.alloc(0)

/** Up to the first NUL. */
function cLength(block: Buffer, start: number, length: number): number {
  const end = block.indexOf(0, start)
  return end < 0 || end > start + length ? length : end - start
}

function cString(block: Buffer, start: number, length: number): Buffer {
  const size = cLength(block, start, length)
  // a copy: the block is a view of a chunk of many entries
  return size === 0 ? nothing : Buffer.from(block.subarray(start, start + size))
}

function cText(block: Buffer, start: number, length: number): string {
  return block.toString('utf8', start, start + cLength(block, start, length))
}

/** Sums of bytes as POSIX has it, and as old programs with signed characters wrote it. */
function checksumFits(block: Buffer, said: number): boolean {
  let sum = 8 * 32
  for (let i = 0; i < 148; i++) sum += block[i] ?? 0
  for (let i = 156; i < BLOCK; i++) sum += block[i] ?? 0
  if (said === sum) return true
  for (let i = 0; i < BLOCK; i++) {
    if ((i < 148 || i >= 156) && (block[i] ?? 0) > 127) sum -= 256
  }
  return said === sum
}

/** Two's complement, its highest bit the mark of this form. NaN: no number of ours reaches so far. */
function base256(block: Buffer, start: number, length: number): number {
  const first = block[start] ?? 0
  let value = BigInt(first & 0x7f)
  if (first & 0x40) value -= 0x80n
  for (let i = 1; i < length; i++) value = value * 256n + BigInt(block[start + i] ?? 0)
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : Number.NaN
}

/** Base-256, or octal digits between spaces and NULs. NaN: neither. */
function number(block: Buffer, start: number, length: number): number {
  if ((block[start] ?? 0) & 0x80) return base256(block, start, length)
  let at = start
  const end = start + length
  while (at < end && block[at] === 0x20) at++
  let value = 0
  for (; at < end; at++) {
    const digit = (block[at] ?? 0) - 0x30
    if (digit < 0 || digit > 7) break
    value = value * 8 + digit
  }
  for (; at < end; at++) if (block[at] !== 0x20 && block[at] !== 0) return Number.NaN
  return value
}

function formatOf(block: Buffer): TarFormat | undefined {
  const magic = block.toString('latin1', 257, 265)
  if (magic === 'ustar  \0') return 'gnu'
  if (magic.startsWith('ustar\0')) {
    return block.toString('latin1', 508, 512) === 'tar\0' ? 'star' : 'ustar'
  }
  return magic === '\0\0\0\0\0\0\0\0' ? 'v7' : undefined
}

const prefixLengths: Readonly<Record<TarFormat, number>> = { v7: 0, gnu: 0, ustar: 155, star: 131 }

function fullName(block: Buffer, format: TarFormat): Buffer {
  const name = cString(block, 0, 100)
  const prefix = prefixLengths[format] > 0 ? cString(block, 345, prefixLengths[format]) : undefined
  if (prefix === undefined || prefix.length === 0) return name
  return Buffer.concat([prefix, Buffer.from('/'), name])
}

/**
 * A block that is not all zeros.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT
 */
export function decodeHeader(block: Buffer, offset: number): RawHeader {
  const corrupt = (why: string): Error =>
    archiveError('ERR_ARCHIVE_CORRUPT', offset, undefined, why)
  const sum = number(block, 148, 8)
  if (!checksumFits(block, sum)) throw corrupt('the checksum of its header is wrong')
  const format = formatOf(block)
  if (format === undefined) throw corrupt('its header is of no known format')
  const field = (what: string, start: number, length: number, max: number): number => {
    const value = number(block, start, length)
    if (value >= 0 && value <= max) return value
    throw corrupt(`${what} in its header is no number from 0 to ${max}`)
  }
  const mtimeSeconds = number(block, 136, 12)
  if (Number.isNaN(mtimeSeconds)) throw corrupt('the time in its header is no number')
  const hasDevice = format !== 'v7'
  return {
    format,
    name: fullName(block, format),
    mode: field('the mode', 100, 8, 2 ** 31),
    uid: field('the user', 108, 8, MAX_ID),
    gid: field('the group', 116, 8, MAX_ID),
    size: field('the size', 124, 12, Number.MAX_SAFE_INTEGER),
    mtimeSeconds,
    flag: block.toString('latin1', 156, 157),
    linkName: cString(block, 157, 100),
    userName: hasDevice ? cText(block, 265, 32) : '',
    groupName: hasDevice ? cText(block, 297, 32) : '',
    major: hasDevice ? field('the device', 329, 8, 2 ** 32 - 1) : 0,
    minor: hasDevice ? field('the device', 337, 8, 2 ** 32 - 1) : 0,
    offset,
  }
}

/** A size or offset of an old GNU sparse map. @throws CaissonError ERR_ARCHIVE_CORRUPT */
export function decodeOffset(block: Buffer, at: number, offset: number): number {
  const value = number(block, at, 12)
  if (value >= 0) return value
  throw archiveError(
    'ERR_ARCHIVE_CORRUPT',
    offset,
    undefined,
    'a place in its sparse map is no number',
  )
}
