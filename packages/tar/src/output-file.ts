import { readFile, readlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { fileError, type JailOutput } from '@caisson/core'

const O_ACCMODE = 3
const O_APPEND = 0o2000
const text = (path: string): Buffer => Buffer.from(path)

function isErrno(error: unknown): error is Error & { readonly errno: number; syscall?: string } {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number'
}

/** An open file that an archive goes to, from its start. */
export class OutputFile {
  readonly #file: FileHandle
  readonly #isRegular: boolean
  /** As the kernel names it, for errors. */
  readonly #name: string

  private constructor(file: FileHandle, isRegular: boolean, name: string) {
    this.#file = file
    this.#isRegular = isRegular
    this.#name = name
  }

  static async of(file: FileHandle): Promise<OutputFile> {
    const isRegular = (await file.stat()).isFile()
    const name = await readlink(`/proc/self/fd/${file.fd}`).catch(() => 'archive')
    return new OutputFile(file, isRegular, name)
  }

  /** What is in it goes. */
  async empty(): Promise<void> {
    // ext4 writes to the disk, on close, what was emptied before, even of nothing
    if (!this.#isRegular || (await this.#file.stat()).size === 0) return
    await this.#told(this.#file.truncate())
  }

  /** How a jail finds it; undefined: it can not, or must not write where it wants. */
  async forJail(): Promise<JailOutput | undefined> {
    if (!this.#isRegular || !this.#name.startsWith('/')) return undefined
    const about = await readFile(`/proc/self/fdinfo/${this.#file.fd}`, 'latin1').catch(() => '')
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(about)?.[1] ?? '', 8)
    if (Number.isNaN(flags) || (flags & O_ACCMODE) === 0 || (flags & O_APPEND) !== 0)
      return undefined
    const { dev, ino } = await this.#file.stat({ bigint: true })
    return { path: this.#name, dev, ino }
  }

  /**
   * All of it. What has no places gets it next.
   * @throws CaissonError ERR_FILE_LIMIT (ENOSPC and others), ERR_FILE_ACCESS, ERR_FILE_IO
   */
  async write(bytes: Buffer, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const place = this.#isRegular ? at + done : null
      const writing = this.#file.write(bytes, done, bytes.length - done, place)
      const { bytesWritten } = await this.#told(writing)
      done += bytesWritten
    }
  }

  async #told<T>(done: Promise<T>): Promise<T> {
    try {
      return await done
    } catch (error) {
      if (!isErrno(error)) throw error
      throw fileError(Math.abs(error.errno), error.syscall ?? 'write', text(this.#name))
    }
  }
}
