import { abortedError } from './tar-error.js'

interface Running<T> {
  readonly result: Promise<T>
  readonly controller: AbortController
  users: number
}

/** The result, or nothing once the signal is given. */
function whileWanted<T>(
  result: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<{ readonly value: T } | undefined> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined)
    const done = (): void => signal?.removeEventListener('abort', leave)
    signal?.addEventListener('abort', leave, { once: true })
    if (signal?.aborted === true) leave()
    result.then((value) => resolve({ value }), reject).finally(done)
  })
}

/** One piece of work for all who want the same at the same time. It is given up when the last of them has gone. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>()

  /**
   * The result of the work that goes on under a key, or that begins now.
   * @throws what the work throws; CaissonError ERR_ABORTED: at once while others want it still, else when the work has ended
   */
  async join(
    key: string,
    signal: AbortSignal | undefined,
    begin: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const running = this.#running.get(key) ?? this.#begin(key, begin)
    running.users++
    try {
      const done = await whileWanted(running.result, signal)
      if (done !== undefined) return done.value
    } finally {
      running.users--
      if (running.users === 0 && this.#running.get(key) === running) this.#running.delete(key)
    }
    if (running.users === 0) {
      running.controller.abort(signal?.reason)
      // it cleans up; what it fails with is nobody's any more
      await running.result.catch(() => {})
    }
    throw abortedError(key, signal?.reason)
  }

  #begin(key: string, begin: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController()
    const running = { result: begin(controller.signal), controller, users: 0 }
    this.#running.set(key, running)
    return running
  }
}
