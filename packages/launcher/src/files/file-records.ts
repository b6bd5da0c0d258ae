import type {
  FileChanges,
  FileEvent,
  FileOpening,
  FileStatus,
  FoundEntry,
  ListedFile,
} from '@caisson/core'
import { constants } from 'node:fs'
import { MalformedFrame } from '../codec.js'

/** Bytes of a status: mode, uid, gid, links; size, ino, dev; atime, mtime, ctime. */
const STATUS_BYTES = 64

/** @throws MalformedFrame when it is too short */
export function parseStatus(bytes: Buffer, at = 0): FileStatus {
  if (bytes.length - at < STATUS_BYTES) throw new MalformedFrame('a status is cut off')
  return {
    mode: bytes.readUInt32LE(at),
    uid: bytes.readUInt32LE(at + 4),
    gid: bytes.readUInt32LE(at + 8),
    links: bytes.readUInt32LE(at + 12),
    size: Number(bytes.readBigUInt64LE(at + 16)),
    ino: bytes.readBigUInt64LE(at + 24),
    dev: bytes.readBigUInt64LE(at + 32),
    atimeNs: bytes.readBigInt64LE(at + 40),
    mtimeNs: bytes.readBigInt64LE(at + 48),
    ctimeNs: bytes.readBigInt64LE(at + 56),
  }
}

/**
 * Entries of a `list`: status, u32 length of the name, name.
 * @throws MalformedFrame when one is cut off or a name is none, so that no caller joins `..` to a path
 */
export function parseEntries(bytes: Buffer): ListedFile[] {
  const entries: ListedFile[] = []
  for (let at = 0; at < bytes.length;) {
    const start = at + STATUS_BYTES + 4
    if (start > bytes.length) throw new MalformedFrame('an entry of a directory is cut off')
    const status = parseStatus(bytes, at)
    const end = start + bytes.readUInt32LE(start - 4)
    const name = bytes.subarray(start, end)
    if (end > bytes.length || name.length === 0 || name.includes(0x2f) || isDots(name))
      throw new MalformedFrame('a name of a file is none')
    entries.push({ name, status })
    at = end
  }
  return entries
}

/** A u32 length and so many bytes. */
function sized(bytes: Buffer, at: number): { readonly value: Buffer; readonly end: number } {
  if (bytes.length - at < 4) throw new MalformedFrame('a length is cut off')
  const start = at + 4
  const end = start + bytes.readUInt32LE(at)
  if (end > bytes.length) throw new MalformedFrame('a value is cut off')
  return { value: bytes.subarray(start, end), end }
}

function parseXattrs(bytes: Buffer): ReadonlyMap<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>()
  for (let at = 0; at < bytes.length;) {
    const name = sized(bytes, at)
    const value = sized(bytes, name.end)
    xattrs.set(name.value.toString(), value.value)
    at = value.end
  }
  return xattrs
}

const TYPE_BITS = 0o170000

/**
 * What a `get` is answered with.
 * @throws MalformedFrame
 */
export function parseFound(bytes: Buffer, maxContent: number): FoundEntry {
  const status = parseStatus(bytes)
  if (bytes.length < STATUS_BYTES + 16) throw new MalformedFrame('an entry is cut off')
  const target = sized(bytes, STATUS_BYTES + 16)
  const xattrs = sized(bytes, target.end)
  const whole = (status.mode & TYPE_BITS) === constants.S_IFREG && status.size <= maxContent
  return {
    status,
    device: {
      major: bytes.readUInt32LE(STATUS_BYTES),
      minor: bytes.readUInt32LE(STATUS_BYTES + 4),
    },
    storedBytes: Number(bytes.readBigUInt64LE(STATUS_BYTES + 8)) * 512,
    target: target.value,
    xattrs: parseXattrs(xattrs.value),
    content: whole ? bytes.subarray(xattrs.end) : undefined,
  }
}

function isDots(name: Buffer): boolean {
  return name.length <= 2 && name.every((byte) => byte === 0x2e)
}

const IN = {
  modify: 0x2 | 0x4,
  from: 0x40,
  to: 0x80,
  create: 0x100,
  remove: 0x200,
  overflow: 0x4000,
  ended: 0x8000,
} as const
const IN_ISDIR = 0x40000000
const kinds = ['create', 'remove', 'modify', 'from', 'to', 'ended', 'overflow'] as const

/** Events of inotify(7): watch, mask, cookie, length of the name with its NULs, name. */
export function parseEvents(bytes: Buffer): FileEvent[] {
  const events: FileEvent[] = []
  for (let at = 0; at + 16 <= bytes.length;) {
    const mask = bytes.readUInt32LE(at + 4)
    const end = at + 16 + bytes.readUInt32LE(at + 12)
    const padded = bytes.subarray(at + 16, end)
    const nul = padded.indexOf(0)
    const kind = kinds.find((name) => (mask & IN[name]) !== 0)
    if (kind !== undefined) {
      events.push({
        watch: bytes.readInt32LE(at),
        kind,
        directory: (mask & IN_ISDIR) !== 0,
        cookie: bytes.readUInt32LE(at + 8),
        name: nul < 0 ? padded : padded.subarray(0, nul),
      })
    }
    at = end
  }
  return events
}

const accesses = {
  read: constants.O_RDONLY,
  write: constants.O_WRONLY,
  append: constants.O_WRONLY | constants.O_APPEND,
  list: constants.O_RDONLY | constants.O_DIRECTORY,
} as const

/** Flags of open(2) and the mode of a new file. */
export function openFlags(how: FileOpening): { readonly flags: number; readonly mode: number } {
  let flags: number = accesses[how.access]
  if (how.create !== undefined) flags |= constants.O_CREAT
  if (how.exclusive === true) flags |= constants.O_EXCL
  if (how.truncate === true) flags |= constants.O_TRUNC
  if (how.follow === false) flags |= constants.O_NOFOLLOW
  return { flags, mode: how.create ?? 0 }
}

function bit(value: unknown, mask: number): number {
  return value === undefined ? 0 : mask
}

/** The fields of a `set` that say what changes. */
export function setFields(changes: FileChanges) {
  const { mode, owner, times, size } = changes
  return {
    mask: bit(mode, 1) | bit(owner, 2) | bit(times, 4) | bit(size, 8),
    mode: mode ?? 0,
    uid: owner?.uid ?? 0,
    gid: owner?.gid ?? 0,
    atimeNs: BigInt.asUintN(64, times?.atimeNs ?? 0n),
    mtimeNs: BigInt.asUintN(64, times?.mtimeNs ?? 0n),
    size: BigInt(size ?? 0),
  }
}
