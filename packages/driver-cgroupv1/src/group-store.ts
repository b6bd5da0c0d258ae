import { rmdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  findKept,
  keptSlotName,
  ReadyGroups,
  RetiredGroups,
  slotName,
  sweepSlots,
  tryRemoveGroups,
  type SweptSlots,
  type TakenGroup,
} from '@caisson/cgroup-kit'
import { token, type Token } from '@caisson/core/di'
import type { DriverModule, ParsedLimits } from '@caisson/core'
import { Group } from './group.js'
import { findTrees, type Tree, type Trees } from './trees.js'

let stores = 0

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // not empty, or not there
  }
}

/** The groups of one engine: makes them, some ahead, and takes all away in the end. */
export class GroupStore implements AsyncDisposable {
  readonly trees: Trees
  readonly #slot = slotName()
  readonly #keptSlot = keptSlotName()
  // two engines of one process share the slot
  readonly #number = stores++
  readonly #ready = new ReadyGroups<Group, ParsedLimits>((unused) => unused.discard())
  readonly #retired = new RetiredGroups()
  readonly #onExit = (): void => this.#removeNow()
  #count = 0
  #sweeping: Promise<unknown> | undefined
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

  /** Takes away what dead owners have left; makes nothing. Never rejects. */
  sweep(): Promise<SweptSlots> {
    const sweep = sweepSlots(this.trackers.map(({ own }) => own))
    this.#sweeping = Promise.all([this.#sweeping, sweep])
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
   * One that was made ahead by an earlier call with the same key, or a new one, and what the kernel has of its limits.
   * @param readBack asked once a key, since the kernel rounds equal limits alike
   * @throws CaissonError as of `make`
   */
  take(
    key: string,
    make: () => Group,
    readBack: (group: Group) => ParsedLimits,
  ): TakenGroup<Group, ParsedLimits> {
    return this.#ready.take(key, make, readBack)
  }

  /** Removes a group when there is nothing else to do. */
  retire(group: Group): void {
    this.#retired.add(group)
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
    this.#ready[Symbol.dispose]()
    const [failures] = await Promise.all([this.#retired.gone(), this.#sweeping])
    process.removeListener('exit', this.#onExit)
    // another engine of this process may have groups in there: they stay, and so does the slot
    for (const slot of this.slots) removeEmpty(slot)
    this.#removeKept()
    if (failures.length === 0) return
    throw new AggregateError(failures, 'control groups not removed')
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
