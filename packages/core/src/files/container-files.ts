import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import type { FileAccess, FileChanges, FileOpening } from '../contracts/file-access.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import { checkAbort } from './abort.js'
import { readArchive, writeArchive } from './archive.js'
import { Bounds } from './bounds.js'
import { gather, readContent, writeContent } from './content.js'
import { copyIn } from './copy-in.js'
import { copyOut } from './copy-out.js'
import { fileStats } from './file-stats.js'
import type {
  Abortable,
  CopyInOptions,
  CopyOptions,
  DirectoryEntry,
  FileData,
  FilePath,
  Files,
  FileStats,
  ReaddirOptions,
  ReadFileOptions,
  WatchEvent,
  WatchOptions,
  WriteFileOptions,
} from './files.js'
import { baseName, joinPath, parentPath, pathBytes, pathText } from './path-bytes.js'
import { archiveEntries } from './tar-out.js'
import { Unpacking } from './tar-in.js'
import { listDirectory, walkFiles } from './walk-files.js'
import { watchFiles } from './watch-files.js'
import { withFile } from './with-file.js'

const MAX_READ_BYTES = 256 * 1024 * 1024
const MAX_ENTRIES = 1_000_000
/** Files written at once by `writeFiles`. */
const AT_ONCE = 32

const openings: Readonly<Record<string, (mode: number) => FileOpening>> = {
  w: (create) => ({ access: 'write', create, truncate: true }),
  wx: (create) => ({ access: 'write', create, exclusive: true }),
  a: (create) => ({ access: 'append', create }),
  ax: (create) => ({ access: 'append', create, exclusive: true }),
}

/** The one implementation of `Files`, over what an isolation driver gives. */
export class ContainerFiles implements Files {
  readonly #access: () => FileAccess

  /** @param access throws when the files cannot be reached (any more) */
  constructor(access: () => FileAccess) {
    this.#access = access
  }

  readFile(
    path: FilePath,
    options: 'utf8' | (ReadFileOptions & { readonly encoding: 'utf8' }),
  ): Promise<string>
  readFile(path: FilePath, options?: ReadFileOptions): Promise<Uint8Array>
  async readFile(
    path: FilePath,
    options: 'utf8' | ReadFileOptions = {},
  ): Promise<string | Uint8Array> {
    const {
      encoding,
      maxBytes = MAX_READ_BYTES,
      signal,
    }: ReadFileOptions = options === 'utf8' ? { encoding: 'utf8' } : options
    const bytes = pathBytes(path, 'path')
    checkAbort(signal)
    const bounds = new Bounds({ maxBytes }, bytes)
    const content = await withFile(this.#access(), bytes, { access: 'read' }, (file) =>
      gather(file, maxBytes, () => bounds.tooMuch(), signal),
    )
    return encoding === 'utf8' ? content.toString() : content
  }

  createReadStream(
    path: FilePath,
    options: Abortable & { readonly start?: number } = {},
  ): Readable {
    return Readable.from(this.#content(path, options), { objectMode: false, highWaterMark: 1 })
  }

  async *#content(
    path: FilePath,
    { signal, start = 0 }: Abortable & { readonly start?: number },
  ): AsyncGenerator<Uint8Array> {
    checkAbort(signal)
    const file = await this.#access().open(pathBytes(path, 'path'), { access: 'read' })
    try {
      yield* readContent(file, start, signal)
    } finally {
      await file.close()
    }
  }

  async writeFile(path: FilePath, data: FileData, options: WriteFileOptions = {}): Promise<void> {
    const { mode = 0o644, flag = 'w', mkdir = false, signal } = options
    const bytes = pathBytes(path, 'path')
    const opening = openings[flag]
    if (opening === undefined)
      throw invalidArgument({ field: 'options.flag', why: 'must be w, wx, a or ax' })
    checkAbort(signal)
    const access = this.#access()
    if (mkdir) await access.mkdir(parentPath(bytes), 0o755, true)
    await withFile(access, bytes, opening(mode), (file) => writeContent(file, data, signal))
  }

  async writeFiles(
    files: Readonly<Record<string, string | Uint8Array>>,
    options: Abortable & { readonly mode?: number } = {},
  ): Promise<void> {
    const access = this.#access()
    const entries = Object.entries(files)
    const parents = new Set(entries.map(([path]) => pathText(parentPath(pathBytes(path, 'path')))))
    for (const parent of parents) await access.mkdir(Buffer.from(parent), 0o755, true)
    const next = entries.values()
    let failed = false
    const worker = async (): Promise<void> => {
      for (const [path, data] of next) {
        if (failed) return
        await this.writeFile(path, data, options).catch((error: unknown) => {
          failed = true
          throw error
        })
      }
    }
    const done = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker))
    for (const one of done) if (one.status === 'rejected') throw one.reason
  }

  async readdir(path: FilePath, options: ReaddirOptions = {}): Promise<readonly DirectoryEntry[]> {
    const { recursive = false, maxEntries = MAX_ENTRIES, signal } = options
    const top = pathBytes(path, 'path')
    checkAbort(signal)
    const most = new Bounds({ maxEntries }, top).enter
    const entries: DirectoryEntry[] = []
    if (recursive) {
      for await (const entry of walkFiles(this.#access(), top, { signal, most }))
        entries.push(directoryEntry(entry))
    } else {
      for (const entry of await listDirectory(this.#access(), top, { signal, most }))
        entries.push(
          directoryEntry({ ...entry, below: entry.name, path: joinPath(top, entry.name) }),
        )
    }
    return entries
  }

  async stat(path: FilePath): Promise<FileStats> {
    return fileStats(await this.#access().stat(pathBytes(path, 'path'), true))
  }

  async lstat(path: FilePath): Promise<FileStats> {
    return fileStats(await this.#access().stat(pathBytes(path, 'path'), false))
  }

  async exists(path: FilePath): Promise<boolean> {
    try {
      await this.stat(path)
      return true
    } catch (error) {
      if (isCaissonError(error, 'ERR_FILE_NOT_FOUND') || isCaissonError(error, 'ERR_FILE_TYPE'))
        return false
      throw error
    }
  }

  async mkdir(
    path: FilePath,
    options: { readonly recursive?: boolean; readonly mode?: number } = {},
  ): Promise<void> {
    const { recursive = false, mode = 0o755 } = options
    await this.#access().mkdir(pathBytes(path, 'path'), mode, recursive)
  }

  async rm(
    path: FilePath,
    options: { readonly recursive?: boolean; readonly force?: boolean } = {},
  ): Promise<void> {
    try {
      await this.#access().remove(pathBytes(path, 'path'), options.recursive ?? false)
    } catch (error) {
      if (options.force !== true || !isCaissonError(error, 'ERR_FILE_NOT_FOUND')) throw error
    }
  }

  async rename(from: FilePath, to: FilePath): Promise<void> {
    await this.#access().rename(pathBytes(from, 'from'), pathBytes(to, 'to'))
  }

  async symlink(target: FilePath, path: FilePath): Promise<void> {
    await this.#access().symlink(pathBytes(target, 'target'), pathBytes(path, 'path'))
  }

  async readlink(path: FilePath): Promise<string> {
    return pathText(await this.#access().readlink(pathBytes(path, 'path')))
  }

  async chmod(path: FilePath, mode: number): Promise<void> {
    await this.#set(path, { mode })
  }

  async chown(path: FilePath, uid: number, gid: number): Promise<void> {
    await this.#set(path, { owner: { uid, gid } })
  }

  async utimes(path: FilePath, atime: Date, mtime: Date): Promise<void> {
    await this.#set(path, { times: { atimeNs: nanoseconds(atime), mtimeNs: nanoseconds(mtime) } })
  }

  async truncate(path: FilePath, size = 0): Promise<void> {
    await this.#set(path, { size })
  }

  async copyIn(host: string, path: FilePath, options: CopyInOptions = {}): Promise<void> {
    checkAbort(options.signal)
    await copyIn(this.#access(), hostPath(host), pathBytes(path, 'path'), options)
  }

  async copyOut(path: FilePath, host: string, options: CopyOptions = {}): Promise<void> {
    checkAbort(options.signal)
    const target = hostPath(host)
    if (target.length === 1)
      throw invalidArgument({ field: 'host', why: 'must not be the root of the host' })
    const place = { directory: parentPath(target), name: baseName(target) }
    await copyOut(this.#access(), pathBytes(path, 'path'), place, options)
  }

  tar(path: FilePath, options: CopyOptions = {}): Readable {
    return writeArchive(archiveEntries(this.#access(), pathBytes(path, 'path'), options))
  }

  async untar(
    path: FilePath,
    archive: AsyncIterable<Uint8Array>,
    options: CopyInOptions = {},
  ): Promise<void> {
    checkAbort(options.signal)
    const unpacking = new Unpacking(this.#access(), pathBytes(path, 'path'), options)
    await unpacking.run(readArchive(archive))
  }

  watch(path: FilePath, options: WatchOptions = {}): AsyncIterable<WatchEvent> {
    return watchFiles(this.#access(), pathBytes(path, 'path'), options)
  }

  async #set(path: FilePath, changes: FileChanges): Promise<void> {
    await this.#access().set(pathBytes(path, 'path'), changes, true)
  }
}

function nanoseconds(date: Date): bigint {
  return BigInt(date.getTime()) * 1_000_000n
}

function hostPath(host: unknown): Buffer {
  return pathBytes(resolve(pathBytes(host, 'host').toString()), 'host')
}

function directoryEntry(entry: {
  readonly path: Uint8Array
  readonly below: Uint8Array
  readonly name: Uint8Array
  readonly status: Parameters<typeof fileStats>[0]
}): DirectoryEntry {
  const { path, below, name, status } = entry
  return { ...fileStats(status), name: pathText(name), path: pathText(below), bytes: path }
}
