/** Bytes on their way; more have to wait. */
const MOST_BYTES = 16 * 1024 * 1024

/** Writes that are not waited for one by one. */
export class UnderWay {
  readonly #writes: { readonly write: Promise<void>; readonly bytes: number }[] = []
  #bytes = 0

  /** Waits only while there is too much; throws the failure of an earlier one. */
  async add(write: Promise<void>, bytes: number): Promise<void> {
    // it is awaited when its turn comes; a failure before that is not unhandled
    write.catch(() => {})
    this.#writes.push({ write, bytes })
    this.#bytes += bytes
    if (this.#bytes > MOST_BYTES) await this.#until(MOST_BYTES / 2)
  }

  /** Until all is done. */
  idle(): Promise<void> {
    return this.#until(0)
  }

  /** Until nothing is done any more, however it ended. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#writes.splice(0).map(({ write }) => write))
    this.#bytes = 0
  }

  async #until(most: number): Promise<void> {
    while (this.#bytes > most) {
      const first = this.#writes.shift()
      if (first === undefined) return
      this.#bytes -= first.bytes
      await first.write
    }
  }
}
