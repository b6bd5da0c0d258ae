/** Something to be done again and again. */
interface Job {
  due: number
  readonly run: () => number | undefined
}

/** Times are rounded up to a multiple of this, so that what is due at about the same time is done together. */
const GRAIN_MS = 10

/**
 * One timer for everything that is sampled in this process. It keeps nobody alive: who waits for a command is kept alive
 * by that.
 */
export class Ticker {
  readonly #jobs = new Set<Job>()
  readonly #now: () => number
  #timer: NodeJS.Timeout | undefined
  #armedFor = Infinity

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /**
   * Runs the job after that time, and again after as many milliseconds as it returns, until it returns undefined.
   * @returns what ends it early
   */
  after(ms: number, run: () => number | undefined): () => void {
    const job = { due: this.#due(ms), run }
    this.#jobs.add(job)
    if (job.due < this.#armedFor) this.#armFor(job.due)
    return () => {
      this.#jobs.delete(job)
    }
  }

  /** Longer times on a coarser grain: a tenth of them at most. */
  #due(ms: number): number {
    const grain = Math.max(GRAIN_MS, Math.floor(ms / 100) * GRAIN_MS)
    return Math.ceil((this.#now() + ms) / grain) * grain
  }

  #armFor(first: number): void {
    clearTimeout(this.#timer)
    this.#armedFor = first
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, first - this.#now()))
    this.#timer.unref()
  }

  #tick(): void {
    this.#armedFor = Infinity
    // a timer may come a little early, by its own clock
    const now = this.#now() + 1
    let first = Infinity
    for (const job of this.#jobs) {
      if (job.due <= now) {
        const again = job.run()
        if (again === undefined) this.#jobs.delete(job)
        else job.due = this.#due(again)
      }
      if (this.#jobs.has(job)) first = Math.min(first, job.due)
    }
    if (first < this.#armedFor) this.#armFor(first)
  }
}

/** The one of this process. */
export const ticker = new Ticker()
