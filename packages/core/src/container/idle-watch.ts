/** What an idle watch asks of the command it watches. */
export interface IdleSubject {
  /** Whether a reader of ours holds the command up: then it may be anything but idle. */
  stalled(): boolean
  /** Nothing came for that long. Told once. */
  idle(): void
}

/** Tells when nothing has come for a while. Bytes cost it no timer: it looks at the clock when the time could be up. */
export class IdleWatch {
  readonly #limitMs: number
  readonly #subject: IdleSubject
  #last = 0
  #timer: NodeJS.Timeout | undefined

  constructor(limitMs: number, subject: IdleSubject) {
    this.#limitMs = limitMs
    this.#subject = subject
  }

  /** From now on silence counts. */
  start(): void {
    this.touch()
    this.#wait(this.#limitMs)
  }

  /** Something came. */
  touch(): void {
    this.#last = performance.now()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms)
  }

  #look(): void {
    if (this.#subject.stalled()) this.touch()
    const rest = this.#last + this.#limitMs - performance.now()
    // timers may fire a millisecond early
    if (rest > 1) this.#wait(rest)
    else this.#subject.idle()
  }
}
