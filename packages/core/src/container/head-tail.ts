const empty = new Uint8Array(0)

/** Keeps the first half and the last half of what is pushed, within a bound, however much comes. */
export class HeadTail {
  readonly #headMax: number
  readonly #tailMax: number
  readonly #head: Uint8Array[] = []
  readonly #tail: Uint8Array[] = []
  #headBytes = 0
  #tailBytes = 0
  #total = 0

  constructor(maxBytes: number) {
    this.#headMax = Math.ceil(maxBytes / 2)
    this.#tailMax = maxBytes - this.#headMax
  }

  /** Bytes pushed so far. */
  get total(): number {
    return this.#total
  }

  /** Whether something was left out. */
  get truncated(): boolean {
    return this.#total > this.#headMax + this.#tailMax
  }

  push(chunk: Uint8Array): void {
    this.#total += chunk.length
    let rest = chunk
    const room = this.#headMax - this.#headBytes
    if (room > 0) {
      const first = rest.subarray(0, room)
      this.#head.push(first)
      this.#headBytes += first.length
      rest = rest.subarray(first.length)
    }
    if (rest.length > 0) this.#pushTail(rest)
  }

  #pushTail(chunk: Uint8Array): void {
    this.#tail.push(chunk)
    this.#tailBytes += chunk.length
    let drop = 0
    for (const oldest of this.#tail) {
      if (this.#tailBytes - oldest.length < this.#tailMax) break
      this.#tailBytes -= oldest.length
      drop++
    }
    if (drop > 0) this.#tail.splice(0, drop)
  }

  /** What is kept, in order. */
  bytes(): Uint8Array {
    const first = this.#head[0]
    if (first === undefined && this.#tail.length === 0) return empty
    if (first !== undefined && this.#head.length === 1 && this.#tail.length === 0) return first
    const tail = Buffer.concat(this.#tail)
    return Buffer.concat([...this.#head, tail.subarray(Math.max(0, tail.length - this.#tailMax))])
  }
}
