import { CaissonError } from '../errors/caisson-error.js'

/**
 * `created`: its root stands and nothing has run in it yet; `running`: since its first command; `paused`: frozen;
 * `stopped`: no process is left, what it wrote is still there (it is `created` again once it was reset or rolled back);
 * `removed`: nothing is left.
 */
export type ContainerState = 'created' | 'running' | 'paused' | 'stopped' | 'removed'

const transitions: Readonly<Record<ContainerState, readonly ContainerState[]>> = {
  created: ['running', 'stopped'],
  running: ['paused', 'stopped'],
  paused: ['running', 'stopped'],
  stopped: ['created', 'removed'],
  removed: [],
}

/** Where a container stands; it changes by allowed steps only. */
export class StateMachine {
  readonly #id: string
  #state: ContainerState

  constructor(id: string, state: ContainerState = 'created') {
    this.#id = id
    this.#state = state
  }

  get state(): ContainerState {
    return this.#state
  }

  /** @throws CaissonError ERR_CONTAINER_STATE naming both states */
  check(to: ContainerState): void {
    if (!transitions[this.#state].includes(to)) throw this.refuse(`be ${to}`)
  }

  /** @throws CaissonError ERR_CONTAINER_STATE naming both states */
  enter(to: ContainerState): void {
    this.check(to)
    this.#state = to
  }

  /** The error for what cannot be done in this state. */
  refuse(what: string): CaissonError {
    const next = transitions[this.#state]
    return new CaissonError({
      code: 'ERR_CONTAINER_STATE',
      what: 'container',
      subject: this.#id.slice(0, 12),
      why: `it is ${this.#state} and cannot ${what}`,
      fix:
        next.length === 0
          ? 'Make a new container.'
          : `From ${this.#state} it can only become ${next.join(' or ')}.`,
    })
  }
}
