import { rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { slotName, sweepSlots, tryRemoveGroups } from '@caisson/cgroup-kit'
import { token, type Token } from '@caisson/core/di'
import type { DriverModule } from '@caisson/core'
import { Group } from './group.js'
import { findTrees, type Tree, type Trees } from './trees.js'

/** Groups kept ready of one kind, and how long one is kept that nobody takes. */
const READY = 2
const KINDS = 8
const UNUSED_MS = 5000

interface Kind {
  readonly ready: Group[]
  readonly make: () => Group
}

let stores = 0

function removeAll(ready: Group[]): void {
  // nobody has ever been in there: they go at once
  for (const group of ready.splice(0)) group.remove().catch(() => {})
}

/** The groups of one engine: makes them, some ahead, and takes all away in the end. */
export class GroupStore implements AsyncDisposable {
  readonly trees: Trees = findTrees()
  readonly #slot = slotName()
  // two engines of one process share the slot
  readonly #number = stores++
  readonly #kinds = new Map<string, Kind>()
  readonly #hungry = new Set<Kind>()
  readonly #onExit = (): void => this.#removeNow()
  #count = 0
  #swept: Promise<unknown> | undefined
  #refill: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #disposed = false

  /** Slots of this process, one in each tree: everything in there is ours. */
  get slots(): readonly string[] {
    return this.trees.all.map(({ own }) => join(own, this.#slot))
  }

  /** Trees that a process can be killed by, the best first. */
  get trackers(): readonly Tree[] {
    const { unified, all } = this.trees
    const first = [unified, this.trees.of('freezer')].filter((tree) => tree !== undefined)
    return [...first, ...all.filter((tree) => !first.includes(tree))]
  }

  /** Takes away what dead owners have left; once. Never rejects. */
  sweep(): Promise<unknown> {
    this.#swept ??= sweepSlots(this.trackers.map(({ own }) => own))
    return this.#swept
  }

  /**
   * A new group.
   * @param name for people; another is made up without it
   * @throws CaissonError ERR_LIMIT_DELEGATION, ERR_LIMIT
   */
  make(trees: readonly Tree[], name?: string): Group {
    if (this.#count === 0) process.once('exit', this.#onExit)
    const number = this.#count++
    return Group.make(join(this.#slot, name ?? `${this.#number}.${number}`), trees)
  }

  /**
   * One that was made ahead by an earlier call with the same key, or a new one. Another is made while the first is at work.
   * @throws CaissonError as of `make`
   */
  take(key: string, make: () => Group): Group {
    let kind = this.#kinds.get(key)
    if (kind === undefined) {
      kind = { ready: [], make }
      this.#kinds.set(key, kind)
      this.#dropOldKinds()
      // what is asked for once may never be asked for again
      return make()
    }
    const group = kind.ready.shift() ?? make()
    this.#hungry.add(kind)
    this.#refill ??= setImmediate(() => this.#fill())
    return group
  }

  #fill(): void {
    this.#refill = undefined
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
      removeAll(kind.ready)
    }
  }

  #drop(): void {
    for (const { ready } of this.#kinds.values()) removeAll(ready)
  }

  /** What is empty. */
  #removeNow(): void {
    for (const slot of this.slots) {
      try {
        tryRemoveGroups(slot)
      } catch {
        // the next start sweeps
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    clearImmediate(this.#refill)
    clearTimeout(this.#timer)
    this.#drop()
    await this.#swept
    process.removeListener('exit', this.#onExit)
    // another engine of this process may have groups in there: they stay, and so does the slot
    for (const slot of this.slots) {
      try {
        rmdirSync(slot)
      } catch {
        // not empty, or not there
      }
    }
  }
}

/** The groups of a scope's engine. */
export const GROUP_STORE: Token<GroupStore> = token('cgroupv1/GroupStore')

/** Registers them; the scope takes them away in the end. */
export const groupStoreModule: DriverModule = Object.freeze({
  name: '@caisson/driver-cgroupv1',
  install(scope) {
    if (!scope.has(GROUP_STORE)) scope.provide(GROUP_STORE, {}, () => new GroupStore())
  },
} satisfies DriverModule)
