import { chmodSync, existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  errnoOf,
  findKept,
  keptSlotName,
  limitError,
  slotName,
  sweepSlots,
  tryRemoveGroups,
} from '@caisson/cgroup-kit'
import { CaissonError } from '@caisson/core'
import { adoptGroup } from './adopt.js'
import { availableControllers, handDown } from './controllers.js'
import { DRIVER } from './driver-name.js'
import { Group } from './group.js'
import type { Place } from './place.js'

/** Groups kept ready of one kind, and how long one is kept that nobody takes. */
const READY = 2
const KINDS = 8
const UNUSED_MS = 5000

interface Kind {
  readonly ready: Group[]
  readonly make: () => Group
}

let stores = 0

/**
 * The groups of one engine: `<root>/caisson-<pid>-<start time>-<pid namespace>/<engine>/`, with `init` for every pid 1 and one
 * for each container. Only leaves have processes.
 */
export class GroupStore implements AsyncDisposable {
  readonly #find: () => Place | Promise<Place>
  readonly #number = stores++
  readonly #kinds = new Map<string, Kind>()
  readonly #hungry = new Set<Kind>()
  readonly #leaving = new Set<Promise<void>>()
  readonly #onExit = (): void => this.#removeNow()
  #opening: Promise<void> | undefined
  #place: Place | undefined
  #slot = ''
  #root = ''
  #count = 0
  #swept: Promise<unknown> | undefined
  #refill: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #disposed = false

  constructor(find: () => Place | Promise<Place>) {
    this.#find = find
  }

  /** What holds all groups of this engine. */
  get directory(): string {
    return join(this.#slot, String(this.#number))
  }

  /** Where every pid 1 is: beside the groups with limits, which are not meant for it. */
  get init(): string {
    return join(this.directory, 'init')
  }

  /**
   * Makes what holds the groups; at the first call.
   * @throws CaissonError ERR_LIMIT_DELEGATION, ERR_UNSUPPORTED, ERR_LIMIT
   */
  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #open(): Promise<void> {
    const place = await this.#find()
    this.#place = place
    const { root, missing } = place
    if (root === undefined) {
      const [lack] = missing
      throw new CaissonError({
        code: 'ERR_LIMIT_DELEGATION',
        what: 'control groups',
        why: lack?.what,
        fix: lack?.fix,
        driver: DRIVER,
      })
    }
    if (place.adopt) adoptGroup(root)
    this.#root = root
    this.#slot = join(root, slotName())
    // not waited for: what dead owners left has other names
    this.#swept = sweepSlots([root])
    const counted = ['memory', 'pids'].filter((each) => availableControllers(root).includes(each))
    handDown(root, counted)
    process.once('exit', this.#onExit)
    this.#makeHolder(this.#slot)
    this.#makeHolder(this.directory)
    this.enable(counted)
    this.delegate(this.directory)
    Group.make(this.init)
  }

  #makeHolder(file: string): void {
    try {
      mkdirSync(file)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw limitError({ driver: DRIVER, file, error })
    }
  }

  /**
   * Hands controllers down to the groups of containers.
   * @throws CaissonError ERR_UNSUPPORTED, ERR_LIMIT
   */
  enable(controllers: Iterable<string>): void {
    const wanted = [...controllers]
    for (const directory of [this.#root, this.#slot, this.directory]) handDown(directory, wanted)
  }

  /** The same for a container that stays. */
  enableKept(directory: string, controllers: Iterable<string>): void {
    const wanted = [...controllers]
    for (const each of [this.#root, dirname(directory), directory]) handDown(each, wanted)
  }

  /**
   * Lets a pid 1, whoever it is in its user namespace, have commands born there: by `cgroup.procs` alone, and never a limit. It is
   * nobody else's way in or out: the kernel asks for the same file of what both ends have in common, and from outside that is
   * above all of ours; and from inside a container none of this can be reached.
   */
  delegate(directory: string): void {
    const file = join(directory, 'cgroup.procs')
    try {
      chmodSync(file, 0o666)
    } catch (error) {
      throw limitError({ driver: DRIVER, file, error })
    }
  }

  /** A group for one command. @throws CaissonError ERR_LIMIT_DELEGATION, ERR_LIMIT */
  make(): Group {
    return this.makeBelow(this.directory, 'r')
  }

  /** The same, below another. */
  makeBelow(directory: string, name: string): Group {
    // several processes may have commands in one detached container
    const group = Group.make(join(directory, `${name}.${process.pid}.${this.#count++}`))
    this.delegate(group.directory)
    return group
  }

  /**
   * Directory of a container that stays, which may outlive this process: it has an `init` of its own. Another process finds it
   * again by the same name.
   * @throws CaissonError as of `make`
   */
  keep(
    id: string,
    controllers: Iterable<string>,
  ): { readonly directory: string; readonly made: boolean } {
    const found = findKept(this.#root, id)
    if (found !== undefined) return { directory: join(this.#root, found), made: false }
    const slot = join(this.#root, keptSlotName())
    const directory = join(slot, id)
    this.#makeHolder(slot)
    this.#makeHolder(directory)
    this.enableKept(directory, controllers)
    this.delegate(directory)
    Group.make(join(directory, 'init'))
    return { directory, made: true }
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

  /** Removes one whose commands have ended, when there is time. */
  retire(group: Group): void {
    const gone = new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        if (group.tryRemove()) resolve()
        else group.remove().then(resolve, reject)
      })
    })
    this.#leaving.add(gone)
    // what stays is found by the sweep of whoever comes next
    const forget = (): boolean => this.#leaving.delete(gone)
    gone.then(forget, forget)
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
      for (const group of kind.ready.splice(0)) group.tryRemove()
    }
  }

  #drop(): void {
    // nobody has ever been in there: they go at once
    for (const { ready } of this.#kinds.values())
      for (const group of ready.splice(0)) group.tryRemove()
  }

  /** What is empty: the next start sweeps the rest, and another engine of this process may have groups in there. */
  #removeNow(): void {
    if (this.#slot === '' || !existsSync(this.#slot)) return
    tryRemoveGroups(this.directory)
    for (const slot of [this.#slot, join(this.#root, keptSlotName())]) {
      try {
        rmdirSync(slot)
      } catch {
        // not empty, or not there
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    clearImmediate(this.#refill)
    clearTimeout(this.#timer)
    this.#drop()
    await Promise.allSettled([...this.#leaving, this.#swept])
    process.removeListener('exit', this.#onExit)
    this.#removeNow()
    this.#place?.release?.()
  }
}
