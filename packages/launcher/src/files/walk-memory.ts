import { FILE_CHUNK_BYTES } from './file-connection.js'

/** Memory for answers, used again: to get it and give it back costs Node more than all that is done with it. */
export class WalkMemory {
  readonly #spare: ArrayBuffer[] = []

  get(length: number): Buffer {
    const memory = this.#spare.pop() ?? new ArrayBuffer(FILE_CHUNK_BYTES)
    return Buffer.from(memory, 0, length)
  }

  /** An answer that nobody looks at any more. */
  give({ buffer }: Buffer): void {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === FILE_CHUNK_BYTES)
      this.#spare.push(buffer)
  }
}
