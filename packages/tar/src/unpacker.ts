import {
  isCaissonError,
  type CaissonError,
  type DirectoryJail,
  type JailQueue,
  type NewEntry,
} from '@caisson/core'
import { archiveError } from './archive-error.js'
import { baseOf, entryName, nameBytes, parentOf } from './entry-name.js'
import { FileWriting, SCRATCH_BYTES } from './file-writing.js'
import { parseTarLimits, type TarLimits } from './limits.js'
import { MadeDirectories } from './made-directories.js'
import { tarEvents } from './read-tar.js'
import type { FoundTarEntry } from './tar-entry.js'
import type { Unpacked, UnpackOptions } from './unpacked.js'
import { keepsXattr } from './xattr-policy.js'

const MOST_NAMED = 100
const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'

/** Unpacks archives into a directory, one after another, as if they were one. */
export class Unpacker {
  readonly #jail: DirectoryJail
  readonly #options: UnpackOptions
  readonly #limits: TarLimits
  readonly #devices: 'make' | 'skip' | 'refuse'
  readonly #directories: MadeDirectories
  readonly #queue: JailQueue
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  readonly #skippedDevices: string[] = []
  readonly #droppedXattrs = new Set<string>()
  #ownersLost = 0
  #entries = 0
  #bytes = 0
  #file: FileWriting | undefined

  /** @throws RangeError ERR_INVALID_SPEC */
  constructor(jail: DirectoryJail, options: UnpackOptions = {}) {
    this.#jail = jail
    this.#options = options
    this.#limits = parseTarLimits(options.limits)
    this.#devices = options.devices ?? (jail.identity.mode === 'root' ? 'make' : 'skip')
    this.#directories = new MadeDirectories(jail)
    this.#queue = jail.queue()
  }

  /**
   * One archive, not compressed.
   * @throws CaissonError ERR_ARCHIVE_CORRUPT, ERR_ARCHIVE_UNSAFE, ERR_ARCHIVE_LIMIT, ERR_ABORTED, ERR_FILE_*
   */
  async add(source: AsyncIterable<Uint8Array>): Promise<void> {
    const { signal, onProgress, limits } = this.#options
    const reading = { ...(limits && { limits }), ...(signal && { signal }) }
    try {
      for await (const events of tarEvents(source, reading)) {
        for (const event of events) {
          if (event.kind === 'data') this.#file?.take(event.offset, event.bytes)
          else {
            this.#finishFile()
            const waiting = this.#entry(event.entry)
            if (waiting !== undefined) await waiting
          }
          if (this.#queue.full) await this.#queue.room()
        }
        onProgress?.({ entries: this.#entries, bytes: this.#bytes })
      }
      this.#finishFile()
      await this.#queue.idle()
    } finally {
      this.#file?.drop()
      this.#file = undefined
    }
  }

  #finishFile(): void {
    this.#file?.finish()
    this.#file = undefined
  }

  /** Times of directories, which come last, and what there is to say. */
  async finish(): Promise<Unpacked> {
    for (const [name, mtimeNs] of this.#directories.times()) {
      const times = { atimeNs: mtimeNs, mtimeNs }
      this.#queue.set(nameBytes(name), { times })
      if (this.#queue.full) await this.#queue.room()
    }
    await this.#queue.idle()
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      skippedDevices: this.#skippedDevices,
      droppedXattrs: [...this.#droppedXattrs].toSorted(),
      ownersLost: this.#ownersLost,
    }
  }

  /** A promise only where something has to be seen before the next entry may be asked for. */
  #entry(entry: FoundTarEntry): Promise<void> | undefined {
    if (this.#options.filter?.(entry) === false) return undefined
    const name = entryName(entry, entry.path, this.#limits)
    if (name === '' && entry.type !== 'directory')
      throw this.#unsafe(entry, `a ${entry.type} cannot take the place of the directory`)
    const parent = parentOf(name)
    if (this.#directories.has(parent)) return this.#make(entry, name)
    this.#queue.flush()
    return this.#directories.ensure(parent, entry).then(() => this.#make(entry, name))
  }

  #make(entry: FoundTarEntry, name: string): Promise<void> | undefined {
    if (baseOf(name).startsWith(WHITEOUT)) {
      this.#whiteout(entry, name)
      return undefined
    }
    if ((entry.type === 'character' || entry.type === 'block') && !this.#wantsDevice(entry, name))
      return undefined
    this.#entries++
    this.#bytes += entry.stored
    if (entry.type !== 'directory') this.#directories.replaced(name)
    const fresh = this.#fresh(entry, name)
    if (entry.type === 'file') {
      const file = new FileWriting(this.#queue, this.#scratch, entry, fresh, this.#xattrs(entry))
      this.#file = file
      return file.begin()
    }
    if (entry.type === 'hardlink') this.#queue.make(fresh, (error) => noTarget(error, entry))
    else this.#queue.make(fresh)
    if (entry.type === 'directory') this.#directories.made(name, entry.mtimeNs)
    if (entry.type !== 'hardlink') {
      for (const [attribute, value] of this.#xattrs(entry))
        this.#queue.setXattr(fresh.path, attribute, value)
    }
    return undefined
  }

  #fresh(entry: FoundTarEntry, name: string): NewEntry {
    const { type, mode, mtimeNs } = entry
    const owner = this.#owner(entry)
    const hasTimes = type !== 'directory' && type !== 'hardlink'
    return {
      type,
      path: nameBytes(name),
      mode,
      ...(owner && { owner }),
      ...(hasTimes && { times: { atimeNs: mtimeNs, mtimeNs } }),
      ...(type === 'symlink' && { target: entry.target }),
      ...(type === 'hardlink' && {
        target: nameBytes(entryName(entry, entry.target, this.#limits)),
      }),
      ...((type === 'character' || type === 'block') && { device: entry.device }),
      replace: true,
      throughLink: this.#options.keepLinks === true,
    }
  }

  #owner(entry: FoundTarEntry): { uid: number; gid: number } | undefined {
    const { uid, gid } = entry
    const { mode, idCount } = this.#jail.identity
    if (mode === 'root') return { uid, gid }
    if (idCount === 1) {
      if (uid !== 0 || gid !== 0) this.#ownersLost++
      return undefined
    }
    if (uid < idCount && gid < idCount) return { uid, gid }
    throw this.#unsafe(entry, `its owner ${uid}:${gid} is beyond the ${idCount} ids of this user`)
  }

  *#xattrs(entry: FoundTarEntry): Generator<readonly [string, Buffer]> {
    for (const [name, value] of entry.xattrs) {
      if (keepsXattr(name)) yield [name, value]
      else this.#droppedXattrs.add(name)
    }
  }

  #wantsDevice(entry: FoundTarEntry, name: string): boolean {
    const { major, minor } = entry.device
    if (entry.type === 'character' && major === 0 && minor === 0)
      throw this.#unsafe(entry, 'a device 0:0 hides what lies below: only whiteouts may do that')
    if (this.#devices === 'refuse') throw this.#unsafe(entry, 'it is a device')
    if (this.#devices === 'make') return true
    if (this.#skippedDevices.length < MOST_NAMED)
      this.#skippedDevices.push(Buffer.from(name, 'latin1').toString())
    return false
  }

  #whiteout(entry: FoundTarEntry, name: string): void {
    const base = baseOf(name)
    const hidden = base.slice(WHITEOUT.length)
    if (this.#options.whiteouts !== 'overlay')
      throw this.#unsafe(entry, 'it is a whiteout of a layer, and this is none')
    if (entry.type !== 'file' || entry.size !== 0)
      throw this.#unsafe(entry, 'a whiteout is an empty file')
    const parent = parentOf(name)
    if (base === OPAQUE) {
      const path = nameBytes(parent)
      this.#queue.setXattr(path, 'user.overlay.opaque', Buffer.from('y'))
      return
    }
    // other names that begin so are aufs's own
    if (base.startsWith('.wh..wh.')) return
    if (hidden === '' || hidden === '.' || hidden === '..')
      throw this.#unsafe(entry, 'it deletes nothing')
    const target = parent === '' ? hidden : `${parent}/${hidden}`
    this.#directories.replaced(target)
    const device = { major: 0, minor: 0 }
    const path = nameBytes(target)
    this.#queue.make({ type: 'character', path, mode: 0, device, replace: true })
  }

  #unsafe(entry: FoundTarEntry, why: string): Error {
    return archiveError('ERR_ARCHIVE_UNSAFE', entry.offset, entry.path, why)
  }
}

function noTarget(error: CaissonError, entry: FoundTarEntry): CaissonError {
  if (!isCaissonError(error, 'ERR_FILE_NOT_FOUND')) return error
  const why = `it is another name of ${JSON.stringify(entry.target.toString())}, which is not there`
  return archiveError('ERR_ARCHIVE_CORRUPT', entry.offset, entry.path, why, error)
}
