import {
  DIE_MS,
  judgeEnd,
  killGroup,
  OomNews,
  parseSingle,
  pidsNote,
  readIfThere,
  trackGroup,
  type Tracker,
} from '@caisson/cgroup-kit'
import {
  CaissonError,
  type Account,
  type Amendment,
  type BelowUsage,
  type ContainerNotice,
  type ContainerStats,
  type EndReason,
  type LimitKey,
  type LimitLease,
  type ParsedLimits,
  type ProcessEnd,
  type Updated,
} from '@caisson/core'
import { changeLimits } from './change-limits.js'
import { DRIVER } from './driver-name.js'
import { effectiveLimits } from './effective.js'
import type { Group } from './group.js'
import type { OomPoller } from './oom-poller.js'
import type { SettingHost } from './settings.js'
import { StatsReader } from './stats-reader.js'

/** What a lease is made of. */
export interface LeaseParts {
  readonly group: Group
  readonly limits: ParsedLimits
  readonly amendment: Amendment
  readonly host: SettingHost
  readonly poller: OomPoller
  /** The directory by which its processes are stopped and killed: that of the container, or the group's own. */
  readonly tracked: string
  /** What is read back, when it is known already. */
  readonly effective?: ParsedLimits | undefined
  /** Removes the group a moment later, when nobody waits for that. */
  readonly retire?: ((group: Group) => void) | undefined
  /** It is for a container that stays: its commands have groups of their own below. */
  readonly shared: boolean
  /** It holds without this process. */
  readonly durable: boolean
  /** Of the container, for a command of one. */
  readonly parent: GroupLease | undefined
  /** Its directory in the cgroup2 tree. */
  readonly unified: string | undefined
}

/** The sum is exact; its parts are what the kernel sampled, in the proportion that it has for those who were waited for. */
function splitTime(cpuMs: number, { userMs, systemMs }: ProcessEnd) {
  const sampled = userMs + systemMs
  const user = sampled > 0 ? (cpuMs * userMs) / sampled : cpuMs
  return { cpuMs, userMs: user, systemMs: cpuMs - user }
}

/** Groups held for a container or a command. */
export class GroupLease implements LimitLease {
  readonly enforced: readonly LimitKey[]
  readonly amendment: Amendment
  readonly #parts: LeaseParts
  // of commands: those that run, and those of which somebody is left in the background
  readonly #inner = new Map<Group, GroupLease>()
  readonly #refusedBefore: number
  readonly #news = new OomNews()
  #limits: ParsedLimits
  #effective: ParsedLimits | undefined
  #killsOfEnded = 0
  #killsForRoom = 0
  #unwatch: (() => void) | undefined
  #tracker: Tracker | undefined
  #stats: StatsReader | undefined
  #account: Account | undefined
  #released: Promise<void> | undefined

  constructor(parts: LeaseParts) {
    this.#parts = parts
    this.#limits = parts.limits
    this.#effective = parts.effective
    this.amendment = parts.amendment
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keys of parsed limits
    this.enforced = Object.freeze(Object.keys(parts.limits) as LimitKey[])
    this.#refusedBefore = parts.parent?.refused ?? 0
    const { parent } = parts
    if (parent !== undefined) parent.#inner.set(parts.group, this)
  }

  get durable(): boolean {
    return this.#parts.durable
  }

  get group(): Group {
    return this.#parts.group
  }

  get effective(): ParsedLimits {
    this.#effective ??= effectiveLimits(this.#parts.group, this.#limits, this.#parts.host)
    return this.#effective
  }

  /** Forks refused, here and in groups of commands that run. */
  get refused(): number | undefined {
    return this.#parts.group.counters.refused
  }

  /** Kills for want of memory: v1 counts each where its victim was. */
  get oomKills(): number {
    let kills = this.#killsOfEnded + this.#killsForRoom
    for (const group of [this.#parts.group, ...this.#inner.keys()]) {
      kills += group.counters.oomKills ?? 0
    }
    return kills
  }

  account(end: ProcessEnd): Account {
    this.#account ??= this.#count(end)
    return this.#account
  }

  #count(end: ProcessEnd): Account {
    const { group, parent } = this.#parts
    const { cpuNs, peakMemory: peak, peakPids, oomKills: counted, refused: own } = group.counters
    const oomKills = counted === undefined ? undefined : counted + this.#killsForRoom
    const before = this.#refusedBefore
    const refused = own ?? (parent?.refused === undefined ? undefined : parent.refused - before)
    parent?.look()
    return {
      source: 'cgroup1',
      ...(cpuNs === undefined ? {} : splitTime(cpuNs / 1e6, end)),
      ...(peak === undefined ? {} : { peakMemory: peak }),
      ...(oomKills === undefined ? {} : { oomKills }),
      ...(oomKills === undefined || oomKills === 0 ? {} : { oomScope: this.#oomScope() }),
      ...(peakPids === undefined ? {} : { peakPids }),
      ...(refused === undefined ? {} : { pidsRefused: refused }),
    }
  }

  #oomScope(): 'self' | 'ancestor' {
    const { group, parent } = this.#parts
    const groups = parent === undefined ? [group] : [group, parent.group]
    if (this.#killsForRoom > 0) return 'self'
    return groups.some(({ counters }) => counters.metMemoryLimit) ? 'self' : 'ancestor'
  }

  reason(end: ProcessEnd): EndReason | undefined {
    // what a command met was counted in its own group
    if (this.#parts.shared) return undefined
    return judgeEnd(end, this.account(end), this.#limitsPids())
  }

  #limitsPids(): boolean {
    return this.#limits.pids !== undefined || this.#parts.parent?.effective.pids !== undefined
  }

  cpuTimeMs(): number {
    return (this.#parts.group.counters.cpuNs ?? 0) / 1e6
  }

  stats(): ContainerStats {
    const { group, unified } = this.#parts
    this.#stats ??= new StatsReader(group, unified, () => ({
      oomKills: this.oomKills,
      refused: this.refused,
    }))
    return this.#stats.read()
  }

  async update(limits: ParsedLimits, belowUsage: BelowUsage): Promise<Updated> {
    const { group, host } = this.#parts
    const kill = (): Promise<void> => this.#killForRoom()
    await changeLimits(group, this.#limits, limits, host, belowUsage, kill)
    this.#limits = Object.freeze({
      ...this.#limits,
      ...limits,
      ...(limits.memory === undefined
        ? {}
        : { memory: { ...this.#limits.memory, ...limits.memory } }),
      ...(limits.cpu === undefined ? {} : { cpu: { ...this.#limits.cpu, ...limits.cpu } }),
    })
    this.#effective = undefined
    return { notes: pidsNote(this.#processes, limits.pids) }
  }

  /** What the kernel of cgroup2 does by itself: the processes in the limited group die, and pid 1 beside it stays. */
  async #killForRoom(): Promise<void> {
    const directory = this.#parts.group.directory('memory')
    if (directory === undefined) return
    this.#killsForRoom++
    for (const command of this.#inner.values()) command.#killsForRoom++
    const tracker = trackGroup(directory)
    await tracker.kill()
    await tracker.waitEmpty(DIE_MS)
  }

  get #processes(): number {
    const path = this.#parts.group.file('pids', 'pids.current')
    return parseSingle(path === undefined ? undefined : readIfThere(path)) ?? 0
  }

  get #followed(): Tracker {
    this.#tracker ??= trackGroup(this.#parts.tracked)
    return this.#tracker
  }

  async freeze(on: boolean): Promise<void> {
    const { freeze } = this.#followed
    if (freeze !== undefined) return freeze(on)
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: on ? 'pause' : 'resume',
      why: 'neither a cgroup2 tree nor the freezer of v1 is mounted',
      fix: 'Mount one, e.g. mount -t cgroup -o freezer none /sys/fs/cgroup/freezer',
      driver: DRIVER,
    })
  }

  async killAll(): Promise<void> {
    await killGroup(this.#followed, DRIVER)
  }

  watch(tell: (notice: ContainerNotice) => void): void {
    this.#news.begin(tell)
    this.#unwatch ??= this.#parts.poller.add(() => this.look())
  }

  /** Tells of kills that were not told of. */
  look(): void {
    this.#news.look(() => ({ kills: this.oomKills, effective: this.effective }))
  }

  async release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  async #release(): Promise<void> {
    const { group, parent } = this.#parts
    this.look()
    this.#unwatch?.()
    this.#stats?.close()
    for (const inner of this.#inner.keys()) inner.counters.close()
    if (parent !== undefined) {
      parent.#ended(this)
      return
    }
    if (this.#parts.retire !== undefined) {
      this.#parts.retire(group)
      return
    }
    await group.remove().catch(async () => {
      // whoever should have killed them has not
      await this.killAll()
      await group.remove()
    })
  }

  /** A command ended: its kills are the container's; what it left in the background stays where it is, and is counted on. */
  #ended(command: GroupLease): void {
    const oomKills = command.group.counters.oomKills ?? 0
    if (!command.group.tryRemove()) return
    this.#killsOfEnded += oomKills
    this.#inner.delete(command.group)
  }
}
