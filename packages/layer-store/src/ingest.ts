import { createHash, type Hash } from 'node:crypto'
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  fsyncSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Blob } from './blobs.js'
import type { Digest } from './digest.js'
import { FileLock } from './file-lock.js'
import { storeError } from './store-error.js'

/** What is to come. */
export interface Expected {
  readonly ref: string
  readonly digest: Digest | undefined
  readonly size: number | undefined
}

/** A blob on its way in. One process at a time; its directory is locked. */
export class Ingest {
  readonly #directory: string
  readonly #expected: Expected
  readonly #lock: FileLock
  readonly #publish: (data: string, found: Blob) => Promise<void>
  readonly #hash: Hash
  readonly #fd: number
  #offset: number
  #open = true

  private constructor(
    directory: string,
    expected: Expected,
    lock: FileLock,
    publish: (data: string, found: Blob) => Promise<void>,
    state: { readonly hash: Hash; readonly fd: number; readonly offset: number },
  ) {
    this.#directory = directory
    this.#expected = expected
    this.#lock = lock
    this.#publish = publish
    this.#hash = state.hash
    this.#fd = state.fd
    this.#offset = state.offset
  }

  /** @throws CaissonError ERR_STORE_LOCKED */
  static async open(
    directory: string,
    expected: Expected,
    publish: (data: string, found: Blob) => Promise<void>,
  ): Promise<Ingest> {
    const lock = await FileLock.take(directory, { mode: 'exclusive' })
    if (lock === undefined) {
      const why = 'another process is taking it in'
      throw storeError('ERR_STORE_LOCKED', expected.ref, why, { retryable: true })
    }
    let fd: number | undefined
    try {
      const data = join(directory, 'data')
      writeFileSync(join(directory, 'ref.json'), JSON.stringify(expected), { mode: 0o600 })
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW
      fd = openSync(data, flags, 0o600)
      // the part that is there is hashed again: a third of a second for 136 MB, and no state to keep
      const hash = createHash('sha256')
      const there = fstatSync(fd).size
      if (there > 0) for await (const chunk of createReadStream(data)) hash.update(chunk)
      return new Ingest(directory, expected, lock, publish, { hash, fd, offset: there })
    } catch (error) {
      if (fd !== undefined) closeSync(fd)
      lock.release()
      throw error
    }
  }

  /** Bytes that are there. */
  get offset(): number {
    return this.#offset
  }

  /** @throws CaissonError ERR_DIGEST_MISMATCH for more than was promised; nothing of it stays then */
  append(bytes: Uint8Array): void {
    this.#check()
    const { size } = this.#expected
    if (size !== undefined && this.#offset + bytes.length > size) {
      this.discard()
      throw this.#mismatch(`more than the ${size} bytes promised`)
    }
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at)
    this.#hash.update(bytes)
    this.#offset += bytes.length
  }

  /**
   * Checks it and makes it a blob.
   * @throws CaissonError ERR_DIGEST_MISMATCH; nothing of it stays then
   */
  async commit(): Promise<Blob> {
    this.#check()
    const { size, digest } = this.#expected
    const found: Blob = { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#offset }
    const why =
      size !== undefined && size !== found.size
        ? `${found.size} bytes instead of ${size}`
        : digest !== undefined && digest !== found.digest
          ? `it is ${found.digest}, not ${digest}`
          : undefined
    if (why !== undefined) {
      this.discard()
      throw this.#mismatch(why)
    }
    fsyncSync(this.#fd)
    await this.#publish(join(this.#directory, 'data'), found)
    this.discard()
    return found
  }

  /** Leaves what is there for later. Idempotent. */
  suspend(): void {
    if (!this.#open) return
    this.#open = false
    try {
      fsyncSync(this.#fd)
    } finally {
      closeSync(this.#fd)
      this.#lock.release()
    }
  }

  /** Removes what is there. Idempotent. */
  discard(): void {
    if (!this.#open) return
    this.#open = false
    closeSync(this.#fd)
    try {
      rmSync(this.#directory, { recursive: true, force: true })
    } finally {
      this.#lock.release()
    }
  }

  #check(): void {
    if (!this.#open) throw storeError('ERR_STORE_IO', this.#expected.ref, 'it was ended before')
  }

  #mismatch(why: string): Error {
    return storeError('ERR_DIGEST_MISMATCH', this.#expected.ref, why)
  }
}
