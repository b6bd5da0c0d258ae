import { BLOCK } from './decode-header.js'
import { formatPax } from './pax-records.js'
import type { SparsePiece, TarEntry, TarType } from './tar-entry.js'

const flags: Readonly<Record<TarType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

/** What 7 and 11 octal digits hold. */
const SMALL = 0o7777777
const LARGE = 0o77777777777
const NS = 1_000_000_000n

/** Numbers without leading zeros, so that the bytes are the same wherever they are made. */
function timeText(ns: bigint): string {
  const sign = ns < 0n ? '-' : ''
  const abs = ns < 0n ? -ns : ns
  const fraction = (abs % NS).toString().padStart(9, '0').replace(/0+$/, '')
  return `${sign}${abs / NS}${fraction === '' ? '' : `.${fraction}`}`
}

/** Prefix and name of ustar, or undefined when it does not fit: 155 and 100 bytes, cut at a slash. */
function splitName(name: Buffer): readonly [prefix: Buffer, name: Buffer] | undefined {
  if (name.length <= 100) return [name.subarray(0, 0), name]
  const cut = name.indexOf(0x2f, Math.max(1, name.length - 101))
  if (cut < 0 || cut > 155 || cut === name.length - 1) return undefined
  return [name.subarray(0, cut), name.subarray(cut + 1)]
}

/** Digits up to the last byte of a field, which stays NUL. */
function octal(block: Buffer, at: number, length: number, value: number): void {
  let rest = value
  for (let i = at + length - 2; i >= at; i--) {
    const eighth = Math.floor(rest / 8)
    block[i] = 0x30 + rest - eighth * 8
    rest = eighth
  }
}

interface UstarFields {
  readonly name: Buffer
  readonly prefix: Buffer
  readonly target: Buffer
  readonly flag: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly major: number
  readonly minor: number
}

/** What all blocks have; the place of the sum counts as spaces. */
const template = Buffer.alloc(BLOCK)
template.write('        ', 148, 'latin1')
template.write('ustar\x0000', 257, 'latin1')

function writeBlock(into: Buffer, at: number, fields: UstarFields): void {
  const block = into.subarray(at, at + BLOCK)
  block.set(template)
  block.set(fields.name)
  octal(block, 100, 8, fields.mode)
  octal(block, 108, 8, fields.uid)
  octal(block, 116, 8, fields.gid)
  octal(block, 124, 12, fields.size)
  octal(block, 136, 12, fields.mtime)
  block[156] = fields.flag.charCodeAt(0)
  if (fields.target.length > 0) block.set(fields.target, 157)
  octal(block, 329, 8, fields.major)
  octal(block, 337, 8, fields.minor)
  if (fields.prefix.length > 0) block.set(fields.prefix, 345)
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += block[i] ?? 0
  octal(block, 148, 7, sum)
  block[154] = 0
}

/** Content filled up to whole blocks. */
export function padded(bytes: Buffer): Buffer {
  const rest = bytes.length % BLOCK
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(BLOCK - rest)])
}

/**
 * The map of a sparse file of that size, PAX version 1.0: it stands before the content. An empty piece marks the end where a
 * hole stands there: GNU tar goes by the last piece, not by the size.
 */
export function sparseMap(pieces: readonly SparsePiece[], size: number): Buffer {
  const last = pieces.at(-1)
  const ends = last !== undefined && last.offset + last.length === size
  const all = ends ? pieces : [...pieces, { offset: size, length: 0 }]
  const numbers = all.flatMap(({ offset, length }) => [offset, length])
  return padded(Buffer.from([all.length, ...numbers].map((value) => `${value}\n`).join('')))
}

interface Encoding {
  readonly pax: Map<string, string | Uint8Array>
  readonly name: Buffer
  readonly stored: number
}

/** What stands in the archive under the entry's name: with holes left out, a map stands before the data. */
function encodingOf(entry: TarEntry): Encoding {
  const pax = new Map<string, string | Uint8Array>()
  const name =
    entry.type === 'directory' ? Buffer.concat([entry.path, Buffer.from('/')]) : entry.path
  for (const [key, value] of entry.xattrs) pax.set(`SCHILY.xattr.${key}`, value)
  const { pieces } = entry
  if (pieces === undefined) return { pax, name, stored: entry.type === 'file' ? entry.size : 0 }
  pax.set('GNU.sparse.major', '1')
  pax.set('GNU.sparse.minor', '0')
  pax.set('GNU.sparse.name', name)
  pax.set('GNU.sparse.realsize', String(entry.size))
  const data = pieces.reduce((sum, { length }) => sum + length, 0)
  return { pax, name, stored: data + sparseMap(pieces, entry.size).length }
}

/** What ustar's fields cannot hold goes into the extended header, and a stand-in into the field. */
function fit(pax: Encoding['pax'], key: string, value: number, max: number): number {
  if (value <= max) return value
  pax.set(key, String(value))
  return 0
}

function fieldsOf(entry: TarEntry, { pax, name, stored }: Encoding): UstarFields {
  const split = splitName(name)
  if (split === undefined) pax.set('path', name)
  const [prefix, last] = split ?? [Buffer.alloc(0), name.subarray(0, 100)]
  const { target } = entry
  if (target.length > 100) pax.set('linkpath', target)
  const seconds = entry.mtimeNs / NS
  const whole = entry.mtimeNs % NS === 0n && seconds >= 0n && seconds <= BigInt(LARGE)
  if (!whole) pax.set('mtime', timeText(entry.mtimeNs))
  const device = entry.type === 'character' || entry.type === 'block'
  return {
    name: last,
    prefix,
    target: target.subarray(0, 100),
    flag: flags[entry.type],
    mode: entry.mode & 0o7777,
    uid: fit(pax, 'uid', entry.uid, SMALL),
    gid: fit(pax, 'gid', entry.gid, SMALL),
    size: fit(pax, 'size', stored, LARGE),
    mtime: seconds >= 0n && seconds <= BigInt(LARGE) ? Number(seconds) : 0,
    major: device ? entry.device.major : 0,
    minor: device ? entry.device.minor : 0,
  }
}

const label = Buffer.from('PaxHeaders/')
/** Room for a header, an extended one before it and its content, as most entries need it. */
let scratch = Buffer.alloc(4 * BLOCK)

function labelOf(name: Buffer): Buffer {
  const whole = Buffer.concat([label, name]).subarray(0, 100)
  return whole.at(-1) === 0x2f ? whole.subarray(0, -1) : whole
}

/**
 * The header of an entry, with an extended one (PAX) before it where ustar cannot say it. The same entry gives the same bytes:
 * no names of users, no process id, records in order. They are gone with the next call.
 */
export function encodeHeader(entry: TarEntry): Buffer {
  const encoding = encodingOf(entry)
  const fields = fieldsOf(entry, encoding)
  if (encoding.pax.size === 0) {
    writeBlock(scratch, 0, fields)
    return scratch.subarray(0, BLOCK)
  }
  const content = formatPax(encoding.pax)
  const last = BLOCK + Math.ceil(content.length / BLOCK) * BLOCK
  if (scratch.length < last + BLOCK) scratch = Buffer.alloc(last + BLOCK)
  const nothing = content.subarray(0, 0)
  writeBlock(scratch, 0, {
    name: labelOf(fields.name),
    prefix: nothing,
    target: nothing,
    flag: 'x',
    mode: 0o644,
    uid: fields.uid,
    gid: fields.gid,
    size: content.length,
    mtime: fields.mtime,
    major: 0,
    minor: 0,
  })
  content.copy(scratch, BLOCK)
  scratch.fill(0, BLOCK + content.length, last)
  writeBlock(scratch, last, fields)
  return scratch.subarray(0, last + BLOCK)
}
