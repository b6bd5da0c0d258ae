import type { Socket } from 'node:net'
import { frameBytes, writeFrame } from '../codec.js'
import type { FieldTable } from '../protocol.generated.js'

/** Room for a chunk of a file and more; what is larger leaves the caches of a processor on its way. */
const BUFFER_BYTES = 320 * 1024
/** Buffers that are kept for the next requests. */
const MOST_SPARE = 4

/**
 * Frames of one turn of the event loop, written one after another into buffers that are used again: what is copied there
 * once costs no memory that would have to be collected, and goes in one system call.
 */
export class SendBuffers {
  readonly #socket: Socket
  readonly #spare: Buffer[] = []
  #buffer: Buffer | undefined
  #filled = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  add(type: number, fields: FieldTable, values: object): void {
    const size = frameBytes(fields, values)
    if (this.#buffer !== undefined && size > this.#buffer.length - this.#filled) this.flush()
    if (this.#buffer === undefined) {
      // most of the time nothing is sent for long, or little
      const first = this.#spare.pop() ?? Buffer.allocUnsafeSlow(Math.max(size, BUFFER_BYTES))
      this.#buffer = first.length < size ? Buffer.allocUnsafeSlow(size) : first
      process.nextTick(() => this.flush())
    }
    writeFrame(this.#buffer, this.#filled, size, type, fields, values)
    this.#filled += size
  }

  /** Writes what there is. */
  flush(): void {
    const buffer = this.#buffer
    if (buffer === undefined) return
    const bytes = buffer.subarray(0, this.#filled)
    this.#buffer = undefined
    this.#filled = 0
    this.#socket.write(bytes, () => {
      if (this.#spare.length < MOST_SPARE) this.#spare.push(buffer)
    })
  }
}
