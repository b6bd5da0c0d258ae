/** Random numbers that a failing test can repeat: mulberry32. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }

  text(): string {
    const letters = ['a', '/', ' ', 'é', '漢', '😀', '=', '\n']
    return Array.from({ length: this.below(12) }, () => letters[this.below(letters.length)]).join(
      '',
    )
  }
}
