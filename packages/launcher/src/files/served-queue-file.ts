import type { FileChanges, FilePathBytes, QueuedFile } from '@caisson/core'
import { NONE } from '../protocol.generated.js'
import { FILE_CHUNK_BYTES } from './file-connection.js'
import { setFields } from './file-records.js'
import type { ServedQueue } from './served-queue.js'

const NO_PATH = ''

/** A file that a queue holds open in a slot of the server. */
export class ServedQueueFile implements QueuedFile {
  readonly #queue: ServedQueue
  readonly #path: FilePathBytes
  #slot: number

  constructor(queue: ServedQueue, slot: number, path: FilePathBytes) {
    this.#queue = queue
    this.#slot = slot
    this.#path = path
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += FILE_CHUNK_BYTES) {
      const part = bytes.subarray(at, at + FILE_CHUNK_BYTES)
      this.#queue.tell('write', { slot: this.#slot, bytes: part }, this.#path, part.length)
    }
  }

  writeAt(offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += FILE_CHUNK_BYTES) {
      const part = bytes.subarray(at, at + FILE_CHUNK_BYTES)
      const values = { slot: this.#slot, offset: BigInt(offset + at), bytes: part }
      this.#queue.tell('writeAt', values, this.#path, part.length)
    }
  }

  set(changes: FileChanges): void {
    const values = { slot: this.#slot, follow: 0, path: NO_PATH, ...setFields(changes) }
    this.#queue.tell('set', values, this.#path, 0)
  }

  setXattr(name: string, value: Uint8Array): void {
    const values = { slot: this.#slot, path: NO_PATH, name, value }
    this.#queue.tell('setXattr', values, this.#path, value.length)
  }

  close(): void {
    if (this.#slot === NONE) return
    const slot = this.#slot
    this.#slot = NONE
    this.#queue.close(slot, this.#path)
  }
}
