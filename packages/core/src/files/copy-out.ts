import type { FileAccess, FileStatus } from '../contracts/file-access.js'
import { checkAbort } from './abort.js'
import { Bounds, OUTWARD } from './bounds.js'
import { readContent } from './content.js'
import { fileFault } from './file-error.js'
import { fileType } from './file-stats.js'
import type { CopyOptions } from './files.js'
import { HostDirectory } from './host-directory.js'
import { hostError } from './host-error.js'
import { joinPath, pathText } from './path-bytes.js'
import { listDirectory } from './walk-files.js'
import { withFile } from './with-file.js'

interface Source {
  readonly path: Uint8Array
  readonly below: Uint8Array
  readonly name: Uint8Array
  readonly status: FileStatus
}

/** A directory being filled. */
interface Level {
  readonly host: HostDirectory
  readonly status: FileStatus
  readonly todo: Source[]
}

/** One copy of a file or tree of a container to the host. */
class CopyOut {
  readonly #access: FileAccess
  readonly #options: CopyOptions
  readonly #bounds: Bounds

  constructor(access: FileAccess, options: CopyOptions, path: Uint8Array) {
    this.#access = access
    this.#options = options
    this.#bounds = new Bounds(options, path, OUTWARD)
  }

  async run(path: Uint8Array, parent: HostDirectory, name: Uint8Array): Promise<void> {
    const status = await this.#access.stat(path, false)
    const levels: Level[] = []
    try {
      await this.#entry({ path, below: new Uint8Array(0), name, status }, parent, levels)
      for (let top = levels.at(-1); top !== undefined; top = levels.at(-1)) {
        const next = top.todo.pop()
        if (next !== undefined) await this.#entry(next, top.host, levels)
        else {
          await top.host.set(top.status.mode & 0o777, top.status.mtimeNs)
          levels.pop()
          await top.host.close()
        }
      }
    } finally {
      for (const level of levels) await level.host.close()
    }
  }

  async #entry(source: Source, host: HostDirectory, levels: Level[]): Promise<void> {
    const { signal, filter } = this.#options
    checkAbort(signal)
    const { status, path, below, name } = source
    const type = fileType(status.mode)
    if (filter?.(pathText(below), type) === false) return
    if (type === 'file') await this.#file(source, host)
    else if (type === 'symlink')
      await host.symlink(await this.#access.readlink(path), name, status.mtimeNs)
    else if (type === 'directory') {
      const most = this.#bounds.enter
      const entries = await listDirectory(this.#access, path, { signal, follow: false, most })
      const todo = entries.toReversed().map((entry) => ({
        path: joinPath(path, entry.name),
        below: joinPath(below, entry.name),
        ...entry,
      }))
      levels.push({ host: await host.directory(name), status, todo })
    } else throw fileFault('ERR_FILE_TYPE', path, `a ${type} cannot be copied`)
  }

  async #file({ path, name }: Source, host: HostDirectory): Promise<void> {
    const { signal } = this.#options
    await withFile(this.#access, path, { access: 'read', follow: false }, async (file) => {
      this.#bounds.expect(file.status.size)
      const at = host.path(name)
      const target = await host.file(name)
      try {
        for await (const chunk of readContent(file, 0, signal)) {
          this.#bounds.add(chunk.length)
          for (let done = 0; done < chunk.length;) {
            const { bytesWritten } = await hostError(at, target.write(chunk, done))
            done += bytesWritten
          }
        }
        // Never more than permissions: whoever runs it here is not whom it was made for.
        await hostError(at, target.chmod(file.status.mode & 0o777))
        const mtime = Number(file.status.mtimeNs / 1000n) / 1e6
        await hostError(at, target.utimes(mtime, mtime))
      } finally {
        await target.close()
      }
    })
  }
}

/** Copies a file or tree of a container to `name` in a directory of the host. */
export async function copyOut(
  access: FileAccess,
  path: Uint8Array,
  host: { readonly directory: Buffer; readonly name: Uint8Array },
  options: CopyOptions,
): Promise<void> {
  const parent = await HostDirectory.open(host.directory)
  try {
    await new CopyOut(access, options, path).run(path, parent, host.name)
  } finally {
    await parent.close()
  }
}
