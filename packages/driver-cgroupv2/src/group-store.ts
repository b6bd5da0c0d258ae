import { chmodSync, existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  errnoOf,
  findKept,
  isKeptSlot,
  keptSlotName,
  limitError,
  readHierarchies,
  ReadyGroups,
  RetiredGroups,
  slotName,
  sweepSlots,
  tryRemoveGroups,
  type SweptSlots,
} from '@caisson/cgroup-kit'
import { CaissonError, type ParsedLimits } from '@caisson/core'
import { adoptGroup } from './adopt.js'
import { availableControllers, handDown } from './controllers.js'
import { DRIVER } from './driver-name.js'
import { Group } from './group.js'
import type { Place, PlaceSource } from './place.js'

let stores = 0

/** Where the groups of a container are, by that of its pid 1. */
function directoryOf(id: string, pid: number): string {
  const own = readHierarchies(pid).find(({ version }) => version === 2)?.own ?? ''
  const directory = dirname(own)
  if (basename(directory) === id && isKeptSlot(basename(dirname(directory)))) return directory
  throw new CaissonError({
    code: 'ERR_LIMIT',
    what: 'control groups not found',
    subject: id,
    why: `process ${pid}, its pid 1, is in ${own === '' ? 'none that can be seen here' : own}`,
    driver: DRIVER,
  })
}

/**
 * The groups of one engine: `<root>/caisson-<pid>-<start time>-<pid namespace>/<engine>/`, with `init` for every pid 1 and one
 * for each container. Only leaves have processes.
 */
export class GroupStore implements AsyncDisposable {
  readonly #source: PlaceSource
  readonly #number = stores++
  readonly #ready = new ReadyGroups<Group, ParsedLimits>((unused) => void unused.tryRemove())
  readonly #retired = new RetiredGroups()
  readonly #onExit = (): void => this.#removeNow()
  #opening: Promise<void> | undefined
  #place: Place | undefined
  #slot = ''
  #root = ''
  #count = 0
  #swept: Promise<unknown> | undefined
  #disposed = false

  constructor(source: PlaceSource) {
    this.#source = source
  }

  /** What holds all groups of this engine. */
  get directory(): string {
    return join(this.#slot, String(this.#number))
  }

  /** Where every pid 1 is: beside the groups with limits, which are not meant for it. */
  get init(): string {
    return join(this.directory, 'init')
  }

  /** Takes away what dead owners have left; makes nothing. @throws Error of the file system when it cannot look */
  async sweep(): Promise<SweptSlots> {
    const sweeps = this.#source.left().map((root) => sweepSlots([root]))
    const swept = Promise.all(sweeps)
    this.#swept = Promise.all([this.#swept, swept])
    const all = await swept
    return {
      removed: all.flatMap(({ removed }) => removed),
      failed: all.flatMap(({ failed }) => failed),
    }
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
    const place = await this.#source.open()
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

  /** The same for a container that stays, whoever made it. */
  enableKept(directory: string, controllers: Iterable<string>): void {
    const wanted = [...controllers]
    const slot = dirname(directory)
    for (const each of [dirname(slot), slot, directory]) handDown(each, wanted)
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
   * again by its pid 1, wherever that is.
   * @param running host pid of its pid 1, if it runs already: then nothing is made
   * @throws CaissonError as of `make`; ERR_LIMIT when the groups of a container that runs are not found
   */
  keep(
    id: string,
    controllers: Iterable<string>,
    running?: number,
  ): { readonly directory: string; readonly made: boolean } {
    if (running !== undefined) return { directory: directoryOf(id, running), made: false }
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
   * One that was made ahead by an earlier call with the same key, or a new one.
   * @param learn its limits: the same for all with that key
   * @throws CaissonError as of `make`
   */
  take(
    key: string,
    make: () => Group,
    learn: (group: Group) => ParsedLimits,
  ): { readonly group: Group; readonly limits: ParsedLimits } {
    const { group, known } = this.#ready.take(key, make, learn)
    return { group, limits: known }
  }

  /** Removes one whose commands have ended, when there is time. */
  retire(group: Group): void {
    this.#retired.add(group)
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
    this.#ready[Symbol.dispose]()
    // what stays is found by the sweep of whoever comes next
    await Promise.all([this.#retired.gone(), this.#swept])
    process.removeListener('exit', this.#onExit)
    this.#removeNow()
    this.#place?.release?.()
  }
}
