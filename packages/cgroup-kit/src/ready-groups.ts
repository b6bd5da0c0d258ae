/** Groups kept ready of one kind; kinds of which some are; how long one is kept that nobody takes. */
const READY = 2
const KINDS = 8
const UNUSED_MS = 5000

interface Kind<G, T> {
  readonly ready: G[]
  readonly make: () => G
  readonly known: T
}

/** A group, and what is known of its kind. */
export interface TakenGroup<G, T> {
  readonly group: G
  readonly known: T
}

/**
 * Groups that are made ahead, while commands are at work: of what was asked for twice, a few are ready for the next.
 * Disposed, it removes them; what is taken later is made at once.
 */
export class ReadyGroups<G, T> implements Disposable {
  readonly #remove: (unused: G) => void
  readonly #kinds = new Map<string, Kind<G, T>>()
  readonly #hungry = new Set<Kind<G, T>>()
  #idle: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #disposed = false

  /** @param remove takes one away in which nobody has ever been; never throws */
  constructor(remove: (unused: G) => void) {
    this.#remove = remove
  }

  /**
   * One that was made ahead by an earlier call with the same key, or a new one. Another is made while the first is at work.
   * @param make of that kind; called again later
   * @param learn what is the same of all of a kind; asked once
   * @throws what `make` and `learn` throw, when nothing was ready
   */
  take(key: string, make: () => G, learn: (group: G) => T): TakenGroup<G, T> {
    const kind = this.#kinds.get(key)
    if (kind === undefined) {
      const group = make()
      const known = learn(group)
      // what is asked for once may never be asked for again: none is made ahead yet
      this.#kinds.set(key, { ready: [], make, known })
      this.#dropOldKinds()
      return { group, known }
    }
    // the one that was asked for last is dropped last
    this.#kinds.delete(key)
    this.#kinds.set(key, kind)
    const group = kind.ready.shift() ?? kind.make()
    this.#hungry.add(kind)
    this.#idle ??= setImmediate(() => this.#fill())
    return { group, known: kind.known }
  }

  #fill(): void {
    this.#idle = undefined
    if (this.#disposed) return
    for (const kind of this.#hungry) {
      try {
        while (kind.ready.length < READY) kind.ready.push(kind.make())
      } catch {
        // whoever wants it will hear why, from one of its own
      }
    }
    this.#hungry.clear()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#drop(), UNUSED_MS).unref()
  }

  #dropOldKinds(): void {
    for (const [key, kind] of this.#kinds) {
      if (this.#kinds.size <= KINDS) return
      this.#kinds.delete(key)
      this.#hungry.delete(kind)
      for (const group of kind.ready.splice(0)) this.#remove(group)
    }
  }

  #drop(): void {
    for (const { ready } of this.#kinds.values())
      for (const group of ready.splice(0)) this.#remove(group)
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    clearImmediate(this.#idle)
    clearTimeout(this.#timer)
    this.#drop()
  }
}
