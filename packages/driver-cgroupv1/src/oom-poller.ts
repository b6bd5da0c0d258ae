/** v1 tells of a kill by a descriptor that Node cannot wait for (eventfd): its counter is looked at instead. */
const INTERVAL_MS = 100

/** One timer for all containers that are watched. It does not keep Node alive. */
export class OomPoller {
  readonly #looks = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined

  /** Looks from time to time, until what is returned is called. */
  add(look: () => void): () => void {
    this.#looks.add(look)
    this.#timer ??= setInterval(() => {
      for (const each of this.#looks) each()
    }, INTERVAL_MS).unref()
    return () => {
      this.#looks.delete(look)
      if (this.#looks.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }
}
