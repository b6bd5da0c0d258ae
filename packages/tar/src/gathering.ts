/** Of a chunk, in bytes. */
export const CHUNK = 256 * 1024

/** Small pieces gathered into large ones. */
export class Gathering {
  readonly #spare: Buffer[] = []
  #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK)
  #filled = 0
  /** Whole chunks that nobody has taken yet. */
  #whole: Buffer[] = []

  get some(): boolean {
    return this.#whole.length > 0
  }

  take(): readonly Buffer[] {
    return this.#whole.splice(0)
  }

  /** A chunk that nobody looks at any more. */
  give(chunk: Buffer): void {
    this.#spare.push(Buffer.from(chunk.buffer))
  }

  /** What is no whole chunk yet; the next goes on with it. */
  rest(): Buffer {
    return this.#chunk.subarray(0, this.#filled)
  }

  /** The same, for good: the next goes into another chunk. */
  cut(): Buffer {
    const rest = this.rest()
    this.#chunk = this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK)
    this.#filled = 0
    return rest
  }

  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const size = bytes.copy(this.#chunk, this.#filled, at)
      this.#filled += size
      at += size
      if (this.#filled < CHUNK) return
      this.#whole.push(this.cut())
    }
  }
}
