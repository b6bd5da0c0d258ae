import { constants, lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import type { DirectoryJail } from '@caisson/core'
import { hashFiles } from './hash-files.js'
import { isNoEntry, readDetails } from './jailed-details.js'
import { baseName, typeOfMode, type ManifestIds } from './manifest-entry.js'
import { readChunks } from './read-chunks.js'
import { asStoreError, errnoOf } from './store-error.js'
import type {
  HashOptions,
  HashRequest,
  TreeDetails,
  TreeReader,
  TreeStatus,
} from './tree-reader.js'

/** Entries that are looked at before other work of this process gets its turn. */
const BREATH = 2000
const NOBODY = 65_534
/** glibc's encoding of dev_t. */
function deviceOf(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xffff_f000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n)),
  }
}

function errorAt(error: unknown, path: string): unknown {
  return asStoreError(error, Buffer.from(path, 'latin1').toString())
}

/**
 * Reads a tree by this process's own calls: five times as fast as asking a server, and all that root needs. Extended attributes
 * are asked of a server, where there is one: Node has no call for them.
 */
export class OwnTree implements TreeReader {
  readonly ids: ManifestIds
  readonly #directory: string
  readonly #top: string
  readonly #jail: DirectoryJail | undefined
  readonly #uid = process.geteuid?.() ?? 0
  readonly #gid = process.getegid?.() ?? 0
  #seen = 0

  constructor(directory: string, jail: DirectoryJail | undefined) {
    this.#directory = directory
    this.#top = Buffer.from(directory).toString('latin1')
    this.#jail = jail
    this.ids = this.#uid === 0 ? 'host' : 'own'
  }

  get hasXattrs(): boolean {
    return this.#jail !== undefined
  }

  async root(): Promise<TreeStatus> {
    const found = this.#status('', '')
    if (found === undefined)
      throw errorAt(Object.assign(new Error('it is not there'), { code: 'ENOENT' }), this.#top)
    return Promise.resolve(found)
  }

  async stats(paths: readonly string[]): Promise<readonly (TreeStatus | undefined)[]> {
    const all: (TreeStatus | undefined)[] = []
    for (const path of paths) {
      all.push(this.#status(path, baseName(path)))
      if (all.length % BREATH === 0) await breathe()
    }
    return all
  }

  async list(path: string): Promise<readonly TreeStatus[]> {
    const names = this.#names(path)
    this.#seen += names.length
    if (this.#seen > BREATH) {
      this.#seen = 0
      await breathe()
    }
    const prefix = path === '' ? '' : `${path}/`
    return names.flatMap((name) => this.#status(prefix + name, name) ?? [])
  }

  async details(paths: readonly string[]): Promise<readonly (TreeDetails | undefined)[]> {
    if (this.#jail !== undefined) return readDetails(this.#jail, paths)
    return Promise.resolve(paths.map((path) => this.#details(path)))
  }

  digests(files: readonly HashRequest[], options?: HashOptions) {
    return hashFiles(this.#directory, files, options)
  }

  content(path: string): AsyncGenerator<Uint8Array> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    return readChunks(this.#at(path), flags)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#jail?.[Symbol.asyncDispose]()
  }

  #at(path: string): Buffer {
    return Buffer.from(path === '' ? this.#top : `${this.#top}/${path}`, 'latin1')
  }

  #names(path: string): readonly string[] {
    try {
      return readdirSync(this.#at(path), { encoding: 'latin1' })
    } catch (error) {
      if (isNoEntry(errnoOf(error))) return []
      throw errorAt(error, path)
    }
  }

  #status(path: string, name: string): TreeStatus | undefined {
    let stat: BigIntStats | undefined
    try {
      stat = lstatSync(this.#at(path), { bigint: true, throwIfNoEntry: false })
    } catch (error) {
      if (!isNoEntry(errnoOf(error))) throw errorAt(error, path)
    }
    if (stat === undefined) return undefined
    const mode = Number(stat.mode)
    const type = typeOfMode(mode)
    return {
      name,
      type,
      mode: mode & 0o7777,
      ...this.#owner(stat),
      size: type === 'file' ? Number(stat.size) : 0,
      mtimeNs: stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
      ino: stat.ino,
      links: Number(stat.nlink),
    }
  }

  /** As the files have them in a container of this user's. */
  #owner({ uid, gid }: BigIntStats): { uid: number; gid: number } {
    const [user, group] = [Number(uid), Number(gid)]
    if (this.#uid === 0) return { uid: user, gid: group }
    return { uid: user === this.#uid ? 0 : NOBODY, gid: group === this.#gid ? 0 : NOBODY }
  }

  #details(path: string): TreeDetails | undefined {
    try {
      const at = this.#at(path)
      const stat = lstatSync(at, { bigint: true })
      const isDevice = stat.isCharacterDevice() || stat.isBlockDevice()
      return {
        target: stat.isSymbolicLink() ? readlinkSync(at, { encoding: 'latin1' }) : undefined,
        device: isDevice ? deviceOf(stat.rdev) : undefined,
        xattrs: [],
      }
    } catch (error) {
      if (isNoEntry(errnoOf(error))) return undefined
      throw errorAt(error, path)
    }
  }
}
