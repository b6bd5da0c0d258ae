import type { LimitLease } from '../contracts/resource-limiter.js'
import { CaissonError } from '../errors/caisson-error.js'
import type { StateMachine } from './state.js'

/** Pauses one container and lets it go on. What is killed is thawed: a frozen process may not die until then. */
export class Freezer {
  readonly #state: StateMachine
  readonly #id: string
  readonly #lease: LimitLease | undefined
  readonly #ending: () => boolean
  #last: Promise<void> = Promise.resolve()
  // from before the first process is stopped until after the last one goes on
  #cold = false

  /** @param ending whether the container is being stopped */
  constructor(
    id: string,
    state: StateMachine,
    leases: readonly LimitLease[],
    ending: () => boolean,
  ) {
    this.#id = id
    this.#state = state
    this.#lease = leases.find((lease) => lease.freeze !== undefined)
    this.#ending = ending
  }

  /** Whether something may stand still. */
  get cold(): boolean {
    return this.#cold
  }

  /** @throws CaissonError ERR_CONTAINER_STATE, ERR_UNSUPPORTED, and what the limiter throws */
  async pause(): Promise<void> {
    await this.#next(async () => {
      this.#check('running', 'be paused')
      this.#cold = true
      await this.#freeze(true)
      if (!this.#ending()) this.#state.enter('paused')
    })
  }

  /** @throws CaissonError ERR_CONTAINER_STATE, ERR_UNSUPPORTED, and what the limiter throws */
  async resume(): Promise<void> {
    await this.#next(async () => {
      this.#check('paused', 'be running')
      await this.#thaw()
    })
  }

  /** Thaws whatever stands still, also what is being frozen right now. */
  async thaw(): Promise<void> {
    await this.#next(async () => {
      if (this.#cold) await this.#thaw()
    })
  }

  async #thaw(): Promise<void> {
    await this.#freeze(false)
    this.#cold = false
    if (this.#state.state === 'paused') this.#state.enter('running')
  }

  /** One after another: what is right for the second depends on how the first ended. */
  async #next(change: () => Promise<void>): Promise<void> {
    const before = this.#last
    const changed = (async (): Promise<void> => {
      await before
      await change()
    })()
    this.#last = changed.catch(() => {})
    await changed
  }

  #check(from: 'running' | 'paused', what: string): void {
    if (this.#ending()) throw this.#state.refuse(`${what}: it is being stopped`)
    // from created, too, running can be entered, but not by this
    if (this.#state.state !== from) throw this.#state.refuse(what)
  }

  async #freeze(on: boolean): Promise<void> {
    if (this.#lease?.freeze !== undefined) return this.#lease.freeze(on)
    this.#cold = false
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: on ? 'pause' : 'resume',
      subject: this.#id.slice(0, 12),
      field: 'limiters',
      why: 'no limiter of this engine has the feature `freeze`',
      fix: 'Add a limiter that can freeze to `limiters` of createEngine().',
    })
  }
}
