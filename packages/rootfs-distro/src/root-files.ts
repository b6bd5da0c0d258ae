import { posix } from 'node:path'
import { isCaissonError, type DirectoryJail, type FoundEntry } from '@caisson/core'

/** Reads of a root at most: larger files are nothing that a fix-up looks into. */
const maxRead = 96 << 10

/** Makes single files of a root that is being built, all with one time, so that the same root is made of the same packages. */
export class RootFiles {
  readonly #jail: DirectoryJail
  readonly #times: { readonly atimeNs: bigint; readonly mtimeNs: bigint }
  readonly #touched = new Set<string>()

  constructor(jail: DirectoryJail, date: Date) {
    this.#jail = jail
    const ns = BigInt(Math.floor(date.getTime() / 1000)) * 1_000_000_000n
    this.#times = { atimeNs: ns, mtimeNs: ns }
  }

  /** What is at a path; links are not followed. Undefined when nothing is. */
  async find(path: string, maxContent = 0): Promise<FoundEntry | undefined> {
    try {
      return await this.#jail.get(Buffer.from(path), maxContent)
    } catch (error) {
      if (isCaissonError(error) && error.code === 'ERR_FILE_NOT_FOUND') return undefined
      throw error
    }
  }

  async exists(path: string): Promise<boolean> {
    return (await this.find(path)) !== undefined
  }

  /** A small file's text; undefined when there is none. */
  async read(path: string): Promise<string | undefined> {
    const content = (await this.find(path, maxRead))?.content
    return content === undefined ? undefined : Buffer.from(content).toString('utf8')
  }

  /** A file whole, whatever its size; undefined when there is none. */
  async readAll(path: string): Promise<Buffer | undefined> {
    if (!(await this.exists(path))) return undefined
    const file = await this.#jail.open(Buffer.from(path), { access: 'read' })
    const chunks: Uint8Array[] = []
    try {
      for (let at = 0; ; at += chunks.at(-1)?.length ?? 0) {
        const chunk = await file.read(at, 256 << 10)
        if (chunk.length === 0) return Buffer.concat(chunks)
        chunks.push(chunk)
      }
    } finally {
      await file.close()
    }
  }

  async directory(path: string, mode: number): Promise<void> {
    await this.#jail.make({ ...this.#entry(path, mode), type: 'directory' })
  }

  async file(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    const first = bytes.subarray(0, 256 << 10)
    await this.#jail.make({ ...this.#entry(path, mode), type: 'file', content: first })
    if (bytes.length === first.length) return
    const file = await this.#jail.open(Buffer.from(path), { access: 'write' })
    try {
      for (let at = first.length; at < bytes.length; at += 256 << 10) {
        await file.writeAt(at, bytes.subarray(at, at + (256 << 10)))
      }
      await file.set({ times: this.#times })
    } finally {
      await file.close()
    }
  }

  async link(path: string, target: string): Promise<void> {
    await this.#jail.make({
      ...this.#entry(path, 0o777),
      type: 'symlink',
      target: Buffer.from(target),
    })
  }

  /** Something was made in these directories, whose names are bytes read as latin1. */
  touched(directories: Iterable<string>): void {
    for (const path of directories) this.#touched.add(path)
  }

  /** Last: making an entry has changed the time of the directory that it is in. */
  async settle(): Promise<void> {
    for (const path of this.#touched) {
      await this.#jail.files.set(Buffer.from(path, 'latin1'), { times: this.#times }, true)
    }
    this.#touched.clear()
  }

  #entry(path: string, mode: number) {
    this.#touched.add(posix.dirname(path))
    return {
      path: Buffer.from(path),
      mode,
      owner: { uid: 0, gid: 0 },
      times: this.#times,
      replace: true,
    }
  }
}
