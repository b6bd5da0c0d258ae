import { Readable } from 'node:stream'
import type { OutputConsumer, OutputTap } from './output-tap.js'

/** A command's output as a stream. Destroying it lets the command run on. */
export class OutputStream extends Readable implements OutputConsumer {
  readonly #tap: OutputTap

  constructor(tap: OutputTap) {
    super({ highWaterMark: 64 * 1024 })
    this.#tap = tap
    tap.attach(this)
  }

  write(chunk: Uint8Array): boolean {
    return this.destroyed || this.push(chunk)
  }

  end(): void {
    if (!this.destroyed) this.push(null)
  }

  override _read(): void {
    this.#tap.drained(this)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#tap.detach(this)
    callback(error)
  }
}
