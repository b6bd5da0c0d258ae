/**
 * Requests under way. Their order is the server's affair; ours is that not too much of them waits, and that the first
 * failure is not lost.
 */
export class RequestWindow {
  readonly #maxRequests: number
  readonly #maxBytes: number
  #requests = 0
  #bytes = 0
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(maxRequests: number, maxBytes: number) {
    this.#maxRequests = maxRequests
    this.#maxBytes = maxBytes
  }

  add(request: Promise<unknown>, bytes: number): void {
    this.#requests++
    this.#bytes += bytes
    const settle = (): void => {
      this.#requests--
      this.#bytes -= bytes
      this.#wake?.()
    }
    request.then(settle, (error: unknown) => {
      this.#failure ??= { error }
      settle()
    })
  }

  /** @throws what the first request failed with */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  get full(): boolean {
    return this.#requests >= this.#maxRequests || this.#bytes >= this.#maxBytes
  }

  /** Until half of it is free. */
  room(): Promise<void> {
    return this.#until(
      () => this.#requests * 2 <= this.#maxRequests && this.#bytes * 2 <= this.#maxBytes,
    )
  }

  /** Until nothing is under way. */
  idle(): Promise<void> {
    return this.#until(() => this.#requests === 0)
  }

  async #until(met: () => boolean): Promise<void> {
    while (!met() && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.check()
  }
}
