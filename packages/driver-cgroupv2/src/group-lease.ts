import { watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import {
  judgeEnd,
  killGroup,
  OomNews,
  pidsNote,
  trackGroup,
  type Tracker,
} from '@caisson/cgroup-kit'
import type {
  Account,
  Amendment,
  BelowUsage,
  ContainerNotice,
  ContainerStats,
  EndReason,
  LimitKey,
  LimitLease,
  ParsedLimits,
  ProcessEnd,
  Updated,
} from '@caisson/core'
import { changeLimits } from './change-limits.js'
import { controllersOf, handDown } from './controllers.js'
import * as counters from './counters.js'
import { DRIVER } from './driver-name.js'
import { effectiveLimits } from './effective.js'
import { Group } from './group.js'
import type { GroupStore } from './group-store.js'
import { mergeLimits } from './merge-limits.js'
import { readStats } from './stats-reader.js'

/** What a lease is made of. */
export interface LeaseParts {
  readonly store: GroupStore
  readonly group: Group
  readonly limits: ParsedLimits
  readonly amendment: Amendment
  /** `container`: its commands have groups of their own below. */
  readonly scope: 'container' | 'command' | 'one-shot'
  /** Of a container that stays: what holds its pid 1 and the group. */
  readonly directory: string | undefined
  /** Of the container, for a command of one. */
  readonly parent: GroupLease | undefined
}

/** What is added to a value that may be absent. */
function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one key of that name, or none
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V }
}

/** A group held for a container or a command. */
export class GroupLease implements LimitLease {
  readonly amendment: Amendment
  readonly #parts: LeaseParts
  // commands that run, and those of which somebody is left in the background
  readonly #inner = new Set<GroupLease>()
  readonly #news = new OomNews()
  readonly #refusedBefore: number
  readonly #oomsBefore: number
  readonly #groupKillsBefore: number
  #limits: ParsedLimits
  #effective: ParsedLimits | undefined
  #refusedOfEnded = 0
  #watcher: FSWatcher | undefined
  #tracker: Tracker | undefined
  #account: Account | undefined
  #released: Promise<void> | undefined

  constructor(parts: LeaseParts) {
    const { parent } = parts
    this.#parts = parts
    this.#limits = parts.limits
    this.amendment = parts.amendment
    this.#refusedBefore = parent === undefined ? 0 : parent.#refusedHere
    this.#groupKillsBefore = parent === undefined ? 0 : counters.groupKills(parent.group)
    this.#oomsBefore = parent === undefined ? 0 : counters.ownOoms(parent.group)
    if (parent !== undefined) parent.#inner.add(this)
  }

  get group(): Group {
    return this.#parts.group
  }

  /** Its groups are where another process finds them; the launcher removes them with the container. */
  get durable(): boolean {
    const { directory, parent } = this.#parts
    return directory !== undefined || parent?.durable === true
  }

  get enforced(): readonly LimitKey[] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keys of parsed limits
    return Object.keys(this.#limits) as LimitKey[]
  }

  get effective(): ParsedLimits {
    this.#effective ??= effectiveLimits(this.group, this.#limits)
    return this.#effective
  }

  /** How often want of memory killed all of it: at its own limit, or at that of its container. */
  get #groupKills(): number {
    const { group, parent } = this.#parts
    const above =
      parent === undefined ? 0 : counters.groupKills(parent.group) - this.#groupKillsBefore
    return counters.groupKills(group) + above
  }

  get #refusedHere(): number {
    return counters.pidsRefused(this.group) ?? 0
  }

  /** Forks refused in it and in groups of its commands, of those that ended too; undefined: not counted. */
  get #refused(): number | undefined {
    const own = counters.pidsRefused(this.group)
    if (own === undefined) return undefined
    let sum = own + this.#refusedOfEnded
    for (const { group } of this.#inner) sum += counters.pidsRefused(group) ?? 0
    return sum
  }

  account(): Account {
    this.#account ??= this.#count()
    return this.#account
  }

  #count(): Account {
    const { group, parent } = this.#parts
    const oomKills = counters.oomKills(group, this.#groupKills)
    const own = counters.pidsRefused(group)
    const above = parent === undefined ? 0 : parent.#refusedHere - this.#refusedBefore
    parent?.look()
    return {
      source: 'cgroup2',
      ...present('cpuMs', counters.cpuMs(group, 'usage_usec')),
      ...present('userMs', counters.cpuMs(group, 'user_usec')),
      ...present('systemMs', counters.cpuMs(group, 'system_usec')),
      ...present('peakMemory', counters.peakMemory(group)),
      ...present('oomKills', oomKills),
      ...present('oomScope', oomKills ? this.#oomScope() : undefined),
      ...present('peakPids', counters.peakPids(group)),
      ...present('pidsRefused', own === undefined ? undefined : own + above),
    }
  }

  #oomScope(): 'self' | 'ancestor' {
    const { group, parent } = this.#parts
    if (counters.ownOoms(group) > 0) return 'self'
    if (parent === undefined) return 'ancestor'
    return counters.ownOoms(parent.group) > this.#oomsBefore ? 'self' : 'ancestor'
  }

  reason(end: ProcessEnd): EndReason | undefined {
    // what a command met was counted in its own group
    if (this.#parts.scope === 'container') return undefined
    const limited = this.#limits.pids ?? this.#parts.parent?.effective.pids
    return judgeEnd(end, this.account(), limited !== undefined)
  }

  cpuTimeMs(): number {
    return counters.cpuMs(this.group, 'usage_usec') ?? 0
  }

  stats(): ContainerStats {
    return readStats(this.group, this.#refused)
  }

  async update(limits: ParsedLimits, belowUsage: BelowUsage): Promise<Updated> {
    this.#enable(controllersOf(limits))
    changeLimits(this.group, this.#limits, limits, belowUsage)
    this.#limits = mergeLimits(this.#limits, limits)
    this.#effective = undefined
    return { notes: pidsNote(this.group.number('pids.current') ?? 0, limits.pids) }
  }

  /** Hands controllers down to the groups of its commands. @throws CaissonError ERR_UNSUPPORTED, ERR_LIMIT */
  handDown(controllers: Iterable<string>): void {
    const wanted = [...controllers]
    this.#enable(wanted)
    handDown(this.group.directory, wanted)
  }

  #enable(controllers: Iterable<string>): void {
    const { directory, parent, store } = this.#parts
    if (directory !== undefined) store.enableKept(directory, controllers)
    else if (parent === undefined) store.enable(controllers)
    else parent.handDown(controllers)
  }

  get #followed(): Tracker {
    this.#tracker ??= trackGroup(this.group.directory)
    return this.#tracker
  }

  async freeze(on: boolean): Promise<void> {
    await this.#followed.freeze?.(on)
  }

  async killAll(): Promise<void> {
    await killGroup(this.#followed, DRIVER)
  }

  watch(tell: (notice: ContainerNotice) => void): void {
    this.#news.begin(tell)
    try {
      const file = join(this.group.directory, 'memory.events')
      this.#watcher = watch(file, { persistent: false }, () => this.look())
      // it only makes us earlier: what it does not show is read at the end of each command
      this.#watcher.on('error', () => {})
    } catch {
      // no memory controller here, or no inotify watch left
    }
  }

  /** Tells of kills that were not told of. */
  look(): void {
    this.#news.look(() => ({
      kills: counters.oomKills(this.group) ?? 0,
      effective: this.effective,
    }))
  }

  async release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  async #release(): Promise<void> {
    const { directory, group, parent, store } = this.#parts
    // after the end of a process, before its counters go with the group
    this.look()
    this.#watcher?.close()
    if (parent !== undefined) {
      parent.#ended(this)
      return
    }
    if (directory === undefined) {
      store.retire(group)
      return
    }
    // whoever should have killed them has not
    if (this.#followed.populated()) await this.killAll()
    for (const { group: inner } of this.#inner) inner.close()
    group.close()
    await Group.make(directory).remove()
  }

  /** What a command left in the background stays where it is, and is counted on. */
  #ended(command: GroupLease): void {
    const refused = command.#refusedHere
    if (!command.group.tryRemove()) return
    this.#refusedOfEnded += refused
    this.#inner.delete(command)
  }
}
