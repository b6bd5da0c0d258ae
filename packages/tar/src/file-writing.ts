import type { JailQueue, NewEntry, QueuedFile } from '@caisson/core'
import type { FoundTarEntry } from './tar-entry.js'

/** What one request may carry of content. */
export const SCRATCH_BYTES = 256 * 1024

/**
 * A file that is being unpacked. A small one is gathered and made by one request; a large one is made empty, for nobody
 * else to open, and gets its owner, mode and attributes when its content is there: writing takes them away.
 */
export class FileWriting {
  readonly #queue: JailQueue
  readonly #entry: FoundTarEntry
  readonly #fresh: NewEntry
  readonly #xattrs: readonly (readonly [string, Buffer])[]
  readonly #scratch: Buffer
  #open: QueuedFile | undefined
  #filled = 0

  /** @param scratch SCRATCH_BYTES for what comes in pieces, of one file at a time: a queue copies what it is given */
  constructor(
    queue: JailQueue,
    scratch: Buffer,
    entry: FoundTarEntry,
    fresh: NewEntry,
    xattrs: Iterable<readonly [string, Buffer]>,
  ) {
    this.#queue = queue
    this.#scratch = scratch
    this.#entry = entry
    this.#fresh = fresh
    this.#xattrs = [...xattrs]
  }

  /** A promise when its content has to wait. */
  begin(): Promise<void> | undefined {
    const { size, pieces } = this.#entry
    if (size <= SCRATCH_BYTES && pieces === undefined) {
      if (size === 0) this.#make(Buffer.alloc(0))
      return undefined
    }
    const { owner: _, times: __, ...bare } = this.#fresh
    this.#queue.make({ ...bare, mode: 0o600 })
    const opening = this.#queue.open(this.#fresh.path)
    if (!(opening instanceof Promise)) {
      this.#open = opening
      return undefined
    }
    return opening.then((file) => {
      this.#open = file
    })
  }

  /** The next of its content; the bytes are done with when this returns. */
  take(offset: number, bytes: Buffer): void {
    if (this.#open !== undefined) {
      if (this.#entry.pieces === undefined) this.#open.write(bytes)
      else this.#open.writeAt(offset, bytes)
      return
    }
    const { size } = this.#entry
    if (bytes.length === size) {
      this.#make(bytes)
      return
    }
    this.#filled += bytes.copy(this.#scratch, this.#filled)
    if (this.#filled === size) this.#make(this.#scratch.subarray(0, size))
  }

  /** All of its content came. */
  finish(): void {
    const file = this.#open
    if (file === undefined) return
    const { size, pieces } = this.#entry
    const { owner, times, mode } = this.#fresh
    if (pieces !== undefined) file.set({ size })
    if (owner !== undefined) file.set({ owner })
    for (const [name, value] of this.#xattrs) file.setXattr(name, value)
    file.set({ mode, ...(times && { times }) })
    this.drop()
  }

  /** It is not held open any more, whether whole or not. */
  drop(): void {
    this.#open?.close()
    this.#open = undefined
  }

  #make(content: Buffer): void {
    this.#queue.make({ ...this.#fresh, content })
    for (const [name, value] of this.#xattrs) this.#queue.setXattr(this.#fresh.path, name, value)
  }
}
