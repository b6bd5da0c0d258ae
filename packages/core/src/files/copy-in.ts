import type { BigIntStats } from 'node:fs'
import { constants } from 'node:fs'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import type { FileAccess, FileChanges } from '../contracts/file-access.js'
import { checkAbort } from './abort.js'
import { Bounds } from './bounds.js'
import { CHUNK_BYTES, writeContent } from './content.js'
import { fileFault } from './file-error.js'
import { fileType } from './file-stats.js'
import type { CopyInOptions } from './files.js'
import { hostError } from './host-error.js'
import { joinPath, pathText } from './path-bytes.js'
import { replaceEntry, replaceFile } from './replace-entry.js'

interface Copied {
  readonly from: Buffer
  readonly to: Uint8Array
  readonly below: Uint8Array
}

const NOTHING = new Uint8Array(0)

/** One copy of a file or tree of the host into a container. */
class CopyIn {
  readonly #access: FileAccess
  readonly #options: CopyInOptions
  readonly #bounds: Bounds
  /** Directories, whose times are set when nothing is made in them any more. */
  readonly #made: { readonly path: Uint8Array; readonly changes: FileChanges }[] = []

  constructor(access: FileAccess, options: CopyInOptions, to: Uint8Array) {
    this.#access = access
    this.#options = options
    this.#bounds = new Bounds(options, to)
  }

  async run(from: Buffer, to: Uint8Array): Promise<void> {
    const todo: Copied[] = [{ from, to, below: NOTHING }]
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      checkAbort(this.#options.signal)
      this.#bounds.enter()
      const status = await hostError(next.from, lstat(next.from, { bigint: true }))
      const type = fileType(Number(status.mode))
      if (this.#options.filter?.(pathText(next.below), type) === false) continue
      if (type === 'directory') todo.push(...(await this.#directory(next, status)))
      else if (type === 'file') await this.#file(next)
      else if (type === 'symlink') await this.#link(next, status)
      else throw fileFault('ERR_FILE_TYPE', next.from, `a ${type} cannot be copied`)
    }
    for (const { path, changes } of this.#made.toReversed())
      await this.#access.set(path, changes, false)
  }

  #changes(status: BigIntStats): FileChanges {
    return {
      mode: Number(status.mode) & 0o7777,
      times: { atimeNs: status.atimeNs, mtimeNs: status.mtimeNs },
      ...(this.#options.owner === undefined ? {} : { owner: this.#options.owner }),
    }
  }

  async #directory({ from, to, below }: Copied, status: BigIntStats): Promise<Copied[]> {
    await this.#access.mkdir(to, 0o700, true)
    this.#made.push({ path: to, changes: this.#changes(status) })
    const names = await hostError(from, readdir(from, { encoding: 'buffer' }))
    return names.map((name) => ({
      from: joinPath(from, name),
      to: joinPath(to, name),
      below: joinPath(below, name),
    }))
  }

  async #link({ from, to }: Copied, status: BigIntStats): Promise<void> {
    const target = await hostError(from, readlink(from, { encoding: 'buffer' }))
    await replaceEntry(this.#access, to, () => this.#access.symlink(target, to))
    const { mode: _, ...changes } = this.#changes(status)
    await this.#access.set(to, changes, false)
  }

  async #file({ from, to }: Copied): Promise<void> {
    // Nothing else may have taken its place since it was looked at: no waiting for a FIFO, no way through a link.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const source = await hostError(from, open(from, flags))
    try {
      const status = await source.stat({ bigint: true })
      if (!status.isFile()) throw fileFault('ERR_FILE_TYPE', from, 'it is no file any more')
      const target = await replaceFile(this.#access, to, 0o600)
      try {
        const content = source.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false })
        await writeContent(target, content, this.#options.signal, this.#bounds.add)
        await target.set(this.#changes(status))
      } finally {
        await target.close()
      }
    } finally {
      await source.close()
    }
  }
}

/** Copies a file or tree of the host into a container. */
export function copyIn(
  access: FileAccess,
  host: Buffer,
  path: Uint8Array,
  options: CopyInOptions,
): Promise<void> {
  return new CopyIn(access, options, path).run(host, path)
}
