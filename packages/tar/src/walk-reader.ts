import type { WalkEvent } from '@caisson/core'

/** Events of a walk one by one, those at hand without a promise. */
export class WalkReader {
  readonly #walk: AsyncGenerator<readonly WalkEvent[], void, void>
  #events: readonly WalkEvent[] = []
  #at = 0

  constructor(walk: AsyncGenerator<readonly WalkEvent[], void, void>) {
    this.#walk = walk
  }

  /** The next that is at hand, which stays the next until it is `taken`. */
  peek(): WalkEvent | undefined {
    return this.#events[this.#at]
  }

  taken(): void {
    this.#at++
  }

  /** False: there is no more. Only when none is at hand. */
  async more(): Promise<boolean> {
    const next = await this.#walk.next()
    if (next.done === true) return false
    this.#events = next.value
    this.#at = 0
    return true
  }

  /** Content of the last entry, up to so many bytes. */
  async *content(size: number): AsyncGenerator<Uint8Array, void, void> {
    for (let left = size; left > 0;) {
      const event = this.peek()
      if (event === undefined) {
        if (!(await this.more())) return
      } else if (event.kind === 'content') {
        this.taken()
        left -= event.bytes.length
        yield event.bytes
      } else return
    }
  }

  async end(): Promise<void> {
    await this.#walk.return()
  }
}
