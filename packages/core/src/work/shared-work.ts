/** The error that a caller's own AbortSignal is worth. */
export type GivenUp = (reason: unknown) => Error

interface Running<T> {
  readonly result: Promise<T>
  readonly controller: AbortController
  waiting: number
}

/**
 * Work that several want at once is done once. A caller who gives up leaves at once and the work goes on for the others; when
 * the last one has left, the work is given up too.
 */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>()
  /** Given up and not yet over: what comes next must not meet it. */
  readonly #ending = new Map<string, Promise<void>>()
  readonly #givenUp: GivenUp

  constructor(givenUp: GivenUp) {
    this.#givenUp = givenUp
  }

  /** The last one to leave waits until the work has cleaned up. */
  async do(
    key: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted === true) throw this.#givenUp(signal.reason)
    const running = this.#running.get(key) ?? this.#begin(key, work)
    running.waiting++
    if (signal === undefined) return running.result
    const ended = new AbortController()
    const left = new Promise<never>((_resolve, reject) => {
      const leave = (): void => {
        reject(this.#givenUp(signal.reason))
        // at once, so that whoever comes next begins anew
        if (--running.waiting === 0) this.#giveUp(key, running, signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true, signal: ended.signal })
    })
    try {
      return await Promise.race([running.result, left])
    } catch (error) {
      if (running.controller.signal.aborted) await running.result.catch(() => {})
      throw error
    } finally {
      ended.abort()
    }
  }

  #giveUp(key: string, running: Running<T>, reason: unknown): void {
    this.#running.delete(key)
    running.controller.abort(reason)
    const ending = running.result.then(
      () => {},
      () => {},
    )
    this.#ending.set(key, ending)
    void ending.then(() => {
      if (this.#ending.get(key) === ending) this.#ending.delete(key)
    })
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController()
    const before = this.#ending.get(key) ?? Promise.resolve()
    const result = before
      .then(() => work(controller.signal))
      .finally(() => {
        if (this.#running.get(key) === running) this.#running.delete(key)
      })
    // every caller may have left
    result.catch(() => {})
    const running: Running<T> = { result, controller, waiting: 0 }
    this.#running.set(key, running)
    return running
  }
}
