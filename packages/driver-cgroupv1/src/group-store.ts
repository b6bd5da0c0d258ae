import { rmdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  findKept,
  keptSlotName,
  slotName,
  sweepSlots,
  trackGroup,
  tryRemoveGroups,
  type SweptSlots,
} from '@caisson/cgroup-kit'
import { token, type Token } from '@caisson/core/di'
import type { DriverModule, ParsedLimits } from '@caisson/core'
import { Group } from './group.js'
import { findTrees, type Tree, type Trees } from './trees.js'

/** Groups kept ready of one kind, and how long one is kept that nobody takes. */
const READY = 2
const KINDS = 8
const UNUSED_MS = 5000

/** Groups with the same limits. */
interface Kind {
  readonly ready: Group[]
  readonly make: () => Group
  readonly effective: ParsedLimits
}

/** A group, and what the kernel made of its limits. */
export interface TakenGroup {
  readonly group: Group
  readonly effective: ParsedLimits
}

let stores = 0

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // not empty, or not there
  }
}

/** With the descriptors that the end of its command is read from. */
function opened(group: Group): Group {
  group.counters.open()
  return group
}

/** Of a group that should be empty; who should have killed what is in it has not, if it is not. */
async function removeWhole(group: Group): Promise<void> {
  if (group.tryRemove()) return
  const [directory] = group.directories
  if (directory !== undefined) await trackGroup(directory).kill()
  await group.remove()
}

function removeAll(ready: Group[]): void {
  // nobody has ever been in there: they go at once
  for (const group of ready.splice(0)) group.remove().catch(() => {})
}

/** The groups of one engine: makes them, some ahead, and takes all away in the end. */
export class GroupStore implements AsyncDisposable {
  readonly trees: Trees
  readonly #slot = slotName()
  readonly #keptSlot = keptSlotName()
  // two engines of one process share the slot
  readonly #number = stores++
  readonly #kinds = new Map<string, Kind>()
  readonly #hungry = new Set<Kind>()
  readonly #onExit = (): void => this.#removeNow()
  #count = 0
  #sweeping: Promise<unknown> | undefined
  readonly #discarded: Group[] = []
  readonly #removing = new Set<Promise<void>>()
  readonly #failures: unknown[] = []
  #idle: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #disposed = false

  /** @param trees default: those of this host */
  constructor(trees: Trees = findTrees()) {
    this.trees = trees
  }

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

  /** Takes away what dead owners have left. Never rejects. */
  sweep(): Promise<SweptSlots> {
    const sweep = sweepSlots(this.trackers.map(({ own }) => own))
    this.#sweeping = sweep
    return sweep
  }

  /**
   * A new group.
   * @param name below the slot; another is made up without it
   * @throws CaissonError ERR_LIMIT_DELEGATION, ERR_LIMIT
   */
  make(trees: readonly Tree[], name?: string): Group {
    const number = this.#begin()
    return Group.make(join(this.#slot, name ?? `${this.#number}.${number}`), trees)
  }

  /**
   * The group of a container that stays: it may outlive this process, and be found by another.
   * @throws CaissonError as of `make`
   */
  makeKept(trees: readonly Tree[], id: string): Group {
    this.#begin()
    return Group.make(join(this.#keptSlot, id), trees)
  }

  /** A group below another. @throws CaissonError as of `make` */
  makeBelow(parent: Group, trees: readonly Tree[], name: string): Group {
    // several processes may have commands in one detached container
    return Group.make(join(parent.name, `${name}.${process.pid}.${this.#begin()}`), trees)
  }

  /** One that `makeKept` made, here or in another process. */
  findKept(id: string): Group | undefined {
    const [tracker] = this.trackers
    const name = tracker === undefined ? undefined : findKept(tracker.own, id)
    return name === undefined ? undefined : Group.find(name, this.trees.all)
  }

  #begin(): number {
    if (this.#count === 0) process.once('exit', this.#onExit)
    return this.#count++
  }

  /**
   * One that was made ahead by an earlier call with the same key, or a new one. Another is made while the first is at work.
   * @param readBack what the kernel has; asked once a key, since it rounds equal limits alike
   * @throws CaissonError as of `make`
   */
  take(key: string, make: () => Group, readBack: (group: Group) => ParsedLimits): TakenGroup {
    const kind = this.#kinds.get(key)
    if (kind === undefined) {
      const group = make()
      const effective = readBack(group)
      // what is asked for once may never be asked for again: none is made ahead yet
      this.#kinds.set(key, { ready: [], make, effective })
      this.#dropOldKinds()
      return { group, effective }
    }
    // the one that was asked for last is dropped last
    this.#kinds.delete(key)
    this.#kinds.set(key, kind)
    const group = kind.ready.shift() ?? make()
    this.#hungry.add(kind)
    this.#later()
    return { group, effective: kind.effective }
  }

  /** Removes a group when there is nothing else to do. */
  discard(group: Group): void {
    this.#discarded.push(group)
    this.#later()
  }

  #later(): void {
    this.#idle ??= setImmediate(() => {
      this.#idle = undefined
      this.#clear()
      this.#fill()
    })
  }

  #clear(): void {
    for (const group of this.#discarded.splice(0)) {
      const removed = removeWhole(group).catch((error: unknown) => {
        this.#failures.push(error)
      })
      this.#removing.add(removed)
      void removed.then(() => this.#removing.delete(removed))
    }
  }

  #fill(): void {
    if (this.#disposed || this.#hungry.size === 0) return
    for (const kind of this.#hungry) {
      try {
        while (kind.ready.length < READY) kind.ready.push(opened(kind.make()))
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
    this.#removeKept()
  }

  /** Whoever is detached stays. */
  #removeKept(): void {
    for (const { own } of this.trees.all) removeEmpty(join(own, this.#keptSlot))
  }

  /** @throws AggregateError of what could not be removed */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    clearImmediate(this.#idle)
    clearTimeout(this.#timer)
    this.#drop()
    this.#clear()
    await Promise.all([this.#sweeping, ...this.#removing])
    process.removeListener('exit', this.#onExit)
    // another engine of this process may have groups in there: they stay, and so does the slot
    for (const slot of this.slots) removeEmpty(slot)
    this.#removeKept()
    if (this.#failures.length === 0) return
    throw new AggregateError(this.#failures, 'control groups not removed')
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
