import type { Readable } from 'node:stream'

const KEPT_BYTES = 8 * 1024

interface Referable {
  ref?(): unknown
  unref?(): unknown
}

/** Keeps the last 8 KiB that a program wrote to stderr, to explain its end. */
export class StderrTail {
  // A pipe of child_process is a net.Socket, which has ref and unref.
  readonly #stream: Readable & Referable
  readonly #closed: Promise<void>
  #tail: Buffer = Buffer.alloc(0)

  constructor(stream: Readable) {
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => {
      this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-KEPT_BYTES)
    })
    stream.on('error', () => {})
    this.#closed = new Promise((resolve) => stream.once('close', () => resolve()))
  }

  /** Settles when the stream has ended, or after `timeoutMs`. */
  async closed(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs)
    })
    await Promise.race([this.#closed, late])
    clearTimeout(timer)
  }

  text(): string {
    return this.#tail.toString('utf8').trim()
  }

  ref(): void {
    this.#stream.ref?.()
  }

  unref(): void {
    this.#stream.unref?.()
  }

  destroy(): void {
    this.#stream.destroy()
  }
}
