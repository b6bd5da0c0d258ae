import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { lutimes, mkdir, open, symlink, unlink } from 'node:fs/promises'
import { hostError } from './host-error.js'
import { joinPath } from './path-bytes.js'

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

function isThere(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

/** Seconds, as node:fs takes times. */
const seconds = (ns: bigint): number => Number(ns / 1000n) / 1e6

/**
 * A directory of the host, held by descriptor: names are looked up in it by one component, so that nobody leads us
 * elsewhere by swapping a directory for a link.
 */
export class HostDirectory {
  readonly #handle: FileHandle
  readonly #path: Buffer

  private constructor(handle: FileHandle, path: Buffer) {
    this.#handle = handle
    this.#path = path
  }

  /** Links in the path itself are the caller's, and followed. */
  static async open(path: Buffer): Promise<HostDirectory> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY
    return new HostDirectory(await hostError(path, open(path, flags)), path)
  }

  /** Where a name of it is, for messages. */
  path(name: Uint8Array): Buffer {
    return joinPath(this.#path, name)
  }

  /** A new file in the place of whatever is there and is no directory. */
  file(name: Uint8Array): Promise<FileHandle> {
    const at = this.#at(name)
    return this.#replace(name, () => open(at, NEW_FILE, 0o600))
  }

  async symlink(target: Uint8Array, name: Uint8Array, mtimeNs: bigint): Promise<void> {
    const at = this.#at(name)
    await this.#replace(name, () => symlink(Buffer.from(target), at))
    await hostError(this.path(name), lutimes(at, seconds(mtimeNs), seconds(mtimeNs)))
  }

  /** The directory of that name, made if need be; a link there is replaced. */
  async directory(name: Uint8Array): Promise<HostDirectory> {
    const at = this.#at(name)
    const path = this.path(name)
    const enter = async (): Promise<HostDirectory> =>
      new HostDirectory(await hostError(path, open(at, DIRECTORY)), path)
    try {
      await mkdir(at, 0o700)
    } catch (error) {
      if (!isThere(error)) return hostError(path, Promise.reject(error))
      const there = await open(at, DIRECTORY).catch(() => undefined)
      if (there !== undefined) return new HostDirectory(there, path)
      await hostError(path, unlink(at))
      await hostError(path, mkdir(at, 0o700))
    }
    return enter()
  }

  async set(mode: number, mtimeNs: bigint): Promise<void> {
    await hostError(this.#path, this.#handle.chmod(mode))
    await hostError(this.#path, this.#handle.utimes(seconds(mtimeNs), seconds(mtimeNs)))
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  async #replace<T>(name: Uint8Array, make: () => Promise<T>): Promise<T> {
    try {
      return await make()
    } catch (error) {
      // nothing goes for what cannot be made anyway, as on a disk that is full
      if (!isThere(error)) return hostError(this.path(name), Promise.reject(error))
      await unlink(this.#at(name)).catch(() => {})
      return hostError(this.path(name), make())
    }
  }

  #at(name: Uint8Array): Buffer {
    return joinPath(Buffer.from(`/proc/self/fd/${this.#handle.fd}`), name)
  }
}
