import type { FileAccess, FileChanges } from '../contracts/file-access.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import type { ArchiveEntry } from './archive.js'
import { checkAbort } from './abort.js'
import { Bounds } from './bounds.js'
import { writeContent } from './content.js'
import { fileFault } from './file-error.js'
import { fileType } from './file-stats.js'
import type { CopyInOptions } from './files.js'
import { joinPath, parentPath, pathText } from './path-bytes.js'
import { replaceEntry, replaceFile } from './replace-entry.js'

/** As long as a path can be. */
const MAX_NAME_BYTES = 4095

/** Unpacks entries below a directory; trusts no name. */
export class Unpacking {
  readonly #access: FileAccess
  readonly #top: Buffer
  readonly #options: CopyInOptions
  readonly #bounds: Bounds
  /** Directories that were seen to be some, by path below the top: no link leads through them. */
  readonly #real = new Set<string>([''])
  readonly #made: { readonly path: Uint8Array; readonly changes: FileChanges }[] = []

  constructor(access: FileAccess, top: Buffer, options: CopyInOptions) {
    this.#access = access
    this.#top = top
    this.#options = options
    this.#bounds = new Bounds(options, top)
  }

  async run(entries: AsyncIterable<ArchiveEntry>): Promise<void> {
    await this.#access.mkdir(this.#top, 0o755, true)
    for await (const entry of entries) {
      checkAbort(this.#options.signal)
      this.#bounds.enter()
      const below = this.#below(entry.name)
      const type = entry.type === 'link' ? 'file' : entry.type
      if (type !== 'other' && this.#options.filter?.(below, type) === false) continue
      await this.#entry(entry, below)
    }
    for (const { path, changes } of this.#made.toReversed())
      await this.#access.set(path, changes, false)
  }

  /** A name without what would lead out of the top. */
  #below(name: string): string {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.')
    if (Buffer.byteLength(name) > MAX_NAME_BYTES)
      throw this.#bad(name.slice(0, 80), 'its name is too long')
    if (parts.includes('..') || name.includes('\0'))
      throw this.#bad(name, 'its name leads out of the directory')
    return parts.join('/')
  }

  #bad(name: string, why: string): Error {
    return fileFault('ERR_FILE_ARCHIVE', Buffer.from(name), why)
  }

  #path(below: string): Buffer {
    return below === '' ? this.#top : joinPath(this.#top, Buffer.from(below))
  }

  async #entry(entry: ArchiveEntry, below: string): Promise<void> {
    const path = this.#path(below)
    if (below === '' && entry.type !== 'directory')
      throw this.#bad(entry.name, 'it has no name below the directory')
    if (below !== '')
      await this.#directories(pathText(parentPath(Buffer.from(`/${below}`))).slice(1))
    switch (entry.type) {
      case 'directory':
        await this.#directories(below)
        this.#made.push({ path, changes: this.#changes(entry) })
        return
      case 'file':
        return this.#file(path, entry)
      case 'symlink': {
        await replaceEntry(this.#access, path, () =>
          this.#access.symlink(Buffer.from(entry.target), path),
        )
        const { mode: _, ...changes } = this.#changes(entry)
        return this.#access.set(path, changes, false)
      }
      case 'link': {
        const target = this.#below(entry.target)
        await this.#seen(pathText(parentPath(Buffer.from(`/${target}`))).slice(1))
        return replaceEntry(this.#access, path, () => this.#access.link(this.#path(target), path))
      }
      case 'other':
        throw this.#bad(entry.name, 'it is neither file, directory nor link')
    }
  }

  async #file(path: Buffer, entry: ArchiveEntry): Promise<void> {
    const file = await replaceFile(this.#access, path, 0o600)
    try {
      await writeContent(file, entry.content, this.#options.signal, this.#bounds.add)
      await file.set(this.#changes(entry))
    } finally {
      await file.close()
    }
  }

  #changes(entry: ArchiveEntry): FileChanges {
    const ns = BigInt(entry.mtime.getTime()) * 1_000_000n
    return {
      mode: entry.mode & 0o777,
      times: { atimeNs: ns, mtimeNs: ns },
      ...(this.#options.owner === undefined ? {} : { owner: this.#options.owner }),
    }
  }

  /** Makes a directory and those above it that are missing. */
  async #directories(below: string): Promise<void> {
    if (this.#real.has(below)) return
    const parent = below.includes('/') ? below.slice(0, below.lastIndexOf('/')) : ''
    await this.#directories(parent)
    await this.#access.mkdir(this.#path(below), 0o755, false).catch((error: unknown) => {
      if (!isCaissonError(error, 'ERR_FILE_EXISTS')) throw error
    })
    await this.#check(below)
  }

  /** The same for a directory that must be there. */
  async #seen(below: string): Promise<void> {
    if (this.#real.has(below)) return
    await this.#seen(below.includes('/') ? below.slice(0, below.lastIndexOf('/')) : '')
    await this.#check(below)
  }

  async #check(below: string): Promise<void> {
    const { mode } = await this.#access.stat(this.#path(below), false)
    if (fileType(mode) !== 'directory')
      throw this.#bad(below, `it is a ${fileType(mode)}, and names lead through it`)
    this.#real.add(below)
  }
}
