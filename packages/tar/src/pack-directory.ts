import {
  prefetch,
  type DirectoryJail,
  type FileStatus,
  type FoundEntry,
  type JailedFile,
} from '@caisson/core'
import { checkAborted } from './check-aborted.js'
import type { PackedEntry, WriteEntry } from './chunks-of.js'
import type { SparsePiece, TarEntry, TarType } from './tar-entry.js'
import { WalkReader } from './walk-reader.js'
import { keepsXattr } from './xattr-policy.js'

/** How a directory is packed. */
export interface PackOptions {
  /** Times after this one become it, and fractions of a second are cut off (SOURCE_DATE_EPOCH). Default: as they are. */
  readonly latestMtimeNs?: bigint
  /** Leave holes out. Default false: what does not know them reads zeros. */
  readonly sparse?: boolean
  /** Which entries are wanted; of a directory, with all in it. Names are bytes, relative, without `/` at the end. */
  readonly filter?: (path: Uint8Array, status: FileStatus) => boolean
  readonly signal?: AbortSignal
}

const CHUNK = 256 * 1024
/** Requests that are under way before their answers are wanted. */
const AHEAD = 32
const NS = 1_000_000_000n
const ROOT = Buffer.from('.')
const nothing = Buffer.alloc(0)
const noXattrs: ReadonlyMap<string, Buffer> = new Map()

const types: Readonly<Record<number, TarType>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
  0o010000: 'fifo',
  0o020000: 'character',
  0o060000: 'block',
}

function typeOf(status: FileStatus): TarType | undefined {
  return types[status.mode & 0o170000]
}

function keptXattrs(xattrs: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Buffer> {
  const kept = [...xattrs].filter(([name]) => keepsXattr(name))
  return new Map(kept.map(([name, value]) => [name, Buffer.from(value)]))
}

/** All of it, when it is in the event that comes next. */
function atHand(walk: WalkReader, size: number): Uint8Array | undefined {
  const event = walk.peek()
  if (event?.kind !== 'content' || event.bytes.length !== size) return undefined
  walk.taken()
  return event.bytes
}

class Packing {
  readonly #jail: DirectoryJail
  readonly #options: PackOptions
  readonly #copyLarger: number | undefined
  /** The first name of each file that has several. */
  readonly #names = new Map<string, Buffer>()
  /** A directory that is not wanted, with a `/`: what is in it comes next, if anything. */
  #unwanted: Buffer | undefined

  constructor(jail: DirectoryJail, options: PackOptions, copyLarger?: number) {
    this.#jail = jail
    this.#options = options
    this.#copyLarger = copyLarger
  }

  async *entries(): AsyncGenerator<PackedEntry, void, void> {
    const omitHoles = this.#options.sparse === true
    const larger = this.#copyLarger
    const omitted = { omitHoles, ...(larger !== undefined && { omitLarger: larger }) }
    const walk = new WalkReader(this.#jail.walk(omitted))
    try {
      for (;;) {
        const event = walk.peek()
        if (event === undefined) {
          checkAborted(this.#options.signal)
          if (!(await walk.more())) return
          continue
        }
        walk.taken()
        // content that nobody wanted
        if (event.kind === 'content') continue
        const { found, contentBytes } = event
        const path = Buffer.from(event.path)
        const type = typeOf(found.status)
        if (type === undefined || !this.#wants(path, type, found.status)) continue
        const entry = this.#entry(path, type, found)
        if (entry.type !== 'file' || contentBytes === 0) yield { entry }
        else if (contentBytes === undefined && this.#isCopied(found)) yield { entry, copied: true }
        else if (contentBytes === undefined) yield* this.#apart(entry, found)
        else yield { entry, content: atHand(walk, contentBytes) ?? walk.content(contentBytes) }
      }
    } finally {
      await walk.end()
    }
  }

  #wants(path: Buffer, type: TarType, status: FileStatus): boolean {
    const { filter } = this.#options
    if (filter === undefined || path.equals(ROOT)) return true
    const above = this.#unwanted
    if (above !== undefined && path.subarray(0, above.length).equals(above)) return false
    if (filter(path, status)) return true
    if (type === 'directory') this.#unwanted = Buffer.concat([path, Buffer.from('/')])
    return false
  }

  #isCopied({ status, storedBytes }: FoundEntry): boolean {
    const { size } = status
    if (this.#copyLarger === undefined || size <= this.#copyLarger) return false
    return this.#options.sparse !== true || storedBytes >= size
  }

  /** What does not come by itself. */
  async *#apart(entry: TarEntry, found: FoundEntry): AsyncGenerator<WriteEntry> {
    const file = await this.#jail.open(entry.path, { access: 'read', follow: false })
    try {
      const { size } = file.status
      const holes = this.#options.sparse === true && found.storedBytes < size
      const pieces = holes ? await this.#pieces(file, size) : undefined
      const parts = pieces ?? [{ offset: 0, length: size }]
      yield { entry: { ...entry, size, pieces }, content: this.#read(file, parts) }
    } finally {
      await file.close()
    }
  }

  async #pieces(file: JailedFile, size: number): Promise<readonly SparsePiece[]> {
    const pieces: SparsePiece[] = []
    for (let at = 0; at < size;) {
      const offset = await file.seek(at, 'data')
      if (offset === undefined || offset >= size) break
      const end = Math.min((await file.seek(offset, 'hole')) ?? size, size)
      pieces.push({ offset, length: end - offset })
      at = end
    }
    return pieces
  }

  async *#read(file: JailedFile, pieces: readonly SparsePiece[]): AsyncGenerator<Uint8Array> {
    const parts = pieces.flatMap(({ offset, length }) =>
      Array.from({ length: Math.ceil(length / CHUNK) }, (_, index) => ({
        offset: offset + index * CHUNK,
        length: Math.min(CHUNK, length - index * CHUNK),
      })),
    )
    const read = prefetch(parts, AHEAD, (part) => file.read(part.offset, part.length))
    for await (const { loaded } of read) {
      checkAborted(this.#options.signal)
      yield loaded
    }
  }

  /** Another name of what has been told, if it is one. */
  #entry(path: Buffer, type: TarType, found: FoundEntry): TarEntry {
    const { ino, dev, links } = found.status
    if (type === 'directory' || links === 1) return this.#first(path, type, found)
    const id = `${dev}:${ino}`
    const first = this.#names.get(id)
    if (first === undefined) {
      this.#names.set(id, path)
      return this.#first(path, type, found)
    }
    return { ...this.#first(path, 'hardlink', found), target: first, xattrs: noXattrs }
  }

  #first(path: Buffer, type: TarType, { status, target, device, xattrs }: FoundEntry): TarEntry {
    return {
      type,
      path,
      mode: type === 'symlink' ? 0o777 : status.mode & 0o7777,
      uid: status.uid,
      gid: status.gid,
      userName: '',
      groupName: '',
      mtimeNs: this.#mtime(status.mtimeNs),
      size: type === 'file' ? status.size : 0,
      target: target.length === 0 ? nothing : Buffer.from(target),
      device,
      xattrs: xattrs.size === 0 ? noXattrs : keptXattrs(xattrs),
      pieces: undefined,
    }
  }

  #mtime(ns: bigint): bigint {
    const latest = this.#options.latestMtimeNs
    if (latest === undefined) return ns
    const time = ns > latest ? latest : ns
    const fraction = ((time % NS) + NS) % NS
    return time - fraction
  }
}

/**
 * All in a directory, itself first, as entries for `writeTar`: sorted by the bytes of their names, owners as numbers, a file
 * with several names once. Sockets are left out. A directory that nobody writes gives the same entries again.
 * @throws CaissonError ERR_ABORTED, ERR_FILE_*
 */
export function packDirectory(
  jail: DirectoryJail,
  options: PackOptions = {},
): AsyncGenerator<WriteEntry, void, void> {
  return new Packing(jail, options).entries()
}

/** The same, but that content of more bytes is told as `copied`. */
export function packCopying(
  jail: DirectoryJail,
  options: PackOptions,
  copyLarger: number,
): AsyncGenerator<PackedEntry, void, void> {
  return new Packing(jail, options, copyLarger).entries()
}
