import {
  prefetch,
  type DirectoryJail,
  type FileStatus,
  type FoundEntry,
  type JailedFile,
  type ListedFile,
} from '@caisson/core'
import { checkAborted } from './check-aborted.js'
import { asBuffer } from './read-tar.js'
import type { SparsePiece, TarEntry, TarType } from './tar-entry.js'
import type { WriteEntry } from './write-tar.js'
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

/** Content that comes with the status of a file, by one request. */
const WITH_STATUS = 96 * 1024
const CHUNK = 256 * 1024
/** Requests that are under way before their answers are wanted. */
const AHEAD = 32
const NS = 1_000_000_000n

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

class Packing {
  readonly #jail: DirectoryJail
  readonly #options: PackOptions
  /** The first name of each file that has several. */
  readonly #names = new Map<string, Buffer>()

  constructor(jail: DirectoryJail, options: PackOptions) {
    this.#jail = jail
    this.#options = options
  }

  async *root(): AsyncGenerator<WriteEntry> {
    const path = Buffer.from('.')
    const found = await this.#jail.get(path)
    yield { entry: this.#entry(path, 'directory', found) }
    yield* this.#directory(Buffer.alloc(0))
  }

  async *#directory(path: Buffer): AsyncGenerator<WriteEntry> {
    checkAborted(this.#options.signal)
    const listed = await this.#list(path)
    const at = (name: Uint8Array): Buffer =>
      path.length === 0 ? asBuffer(name) : Buffer.concat([path, Buffer.from('/'), name])
    const wanted = listed
      .map(({ name, status }) => ({ path: at(name), status, type: typeOf(status) }))
      .filter(
        (one) => one.type !== undefined && this.#options.filter?.(one.path, one.status) !== false,
      )
      .toSorted((a, b) => a.path.compare(b.path))
    const found = prefetch(wanted, AHEAD, (one) => this.#jail.get(one.path, WITH_STATUS))
    for await (const { item: one, loaded: is } of found) {
      // what it is now, not what it was when the directory was listed
      const type = typeOf(is.status)
      if (type === undefined) continue
      yield* this.#one(one.path, type, is)
      if (type === 'directory') yield* this.#directory(one.path)
    }
  }

  async #list(path: Buffer): Promise<readonly ListedFile[]> {
    const directory = await this.#jail.open(path.length === 0 ? Buffer.from('.') : path, {
      access: 'list',
      follow: false,
    })
    try {
      const all: ListedFile[] = []
      for (;;) {
        const some = await directory.list()
        if (some.length === 0) return all
        for (const one of some) all.push(one)
      }
    } finally {
      await directory.close()
    }
  }

  async *#one(path: Buffer, type: TarType, found: FoundEntry): AsyncGenerator<WriteEntry> {
    const { ino, dev, links } = found.status
    if (type !== 'directory' && links > 1) {
      const first = this.#names.get(`${dev}:${ino}`)
      if (first !== undefined) {
        yield {
          entry: { ...this.#entry(path, 'hardlink', found), target: first, xattrs: new Map() },
        }
        return
      }
      this.#names.set(`${dev}:${ino}`, path)
    }
    const entry = this.#entry(path, type, found)
    if (type !== 'file') yield { entry }
    else if (found.content !== undefined) yield { entry, content: found.content }
    else yield* this.#large(entry, found)
  }

  async *#large(entry: TarEntry, found: FoundEntry): AsyncGenerator<WriteEntry> {
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

  #entry(
    path: Buffer,
    type: TarType,
    { status, target, device, xattrs, content }: FoundEntry,
  ): TarEntry {
    return {
      type,
      path,
      mode: type === 'symlink' ? 0o777 : status.mode & 0o7777,
      uid: status.uid,
      gid: status.gid,
      userName: '',
      groupName: '',
      mtimeNs: this.#mtime(status.mtimeNs),
      size: type === 'file' ? (content?.length ?? status.size) : 0,
      target: asBuffer(target),
      device,
      xattrs: new Map(
        [...xattrs]
          .filter(([name]) => keepsXattr(name))
          .map(([name, value]) => [name, asBuffer(value)]),
      ),
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
  return new Packing(jail, options).root()
}
