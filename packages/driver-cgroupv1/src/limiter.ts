import { join } from 'node:path'
import { throwIfLeft } from '@caisson/cgroup-kit'
import {
  CaissonError,
  resolveBlockDevice,
  type Amendment,
  type LimitLease,
  type LimitRequest,
  type ParsedLimits,
  type ResourceLimiter,
} from '@caisson/core'
import { existsSync } from 'node:fs'
import { DRIVER } from './driver-name.js'
import { effectiveLimits } from './effective.js'
import { GroupLease } from './group-lease.js'
import type { Group } from './group.js'
import type { GroupStore } from './group-store.js'
import type { LimitKeyV1 } from './limit-keys.js'
import { OomPoller } from './oom-poller.js'
import { CHANGEABLE, controllersOf, COUNTED, treesOf } from './placement.js'
import { settingsOf, type SettingHost } from './settings.js'

/** With the descriptors that the end of its command is read from. */
function opened(group: Group): Group {
  group.counters.open()
  return group
}

/** It was made by a process in other groups than this one's: others of the same limits would be no limit. */
function notFound(id: string): CaissonError {
  return new CaissonError({
    code: 'ERR_LIMIT',
    what: 'control groups not found',
    subject: id,
    why: 'they are not below the groups of this process',
    fix: 'Use the container from a process in the same control groups as its maker.',
    driver: DRIVER,
  })
}

/** Enforces limits by groups of v1, beside which there may be a cgroup2 tree. */
export class CgroupV1Limiter implements ResourceLimiter<LimitKeyV1> {
  readonly #store: GroupStore
  readonly #poller = new OomPoller()
  #host: SettingHost | undefined

  constructor(store: GroupStore) {
    this.#store = store
  }

  async acquire(request: LimitRequest<LimitKeyV1>): Promise<LimitLease> {
    this.#checkHost()
    if (request.scope === 'container') return this.#container(request)
    return request.scope === 'command' ? this.#command(request) : this.#oneShot(request)
  }

  /** What the probe says, for those who have not asked it. */
  #checkHost(): void {
    if (this.#store.trees.all.some(({ controllers }) => controllers.length > 0)) return
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'control groups of version 1',
      why: 'no hierarchy of them is mounted',
      fix: 'Use the limiter for cgroup v2.',
      driver: DRIVER,
    })
  }

  async sweep(): Promise<void> {
    throwIfLeft(await this.#store.sweep(), DRIVER)
  }

  get #settingHost(): SettingHost {
    const memory = this.#store.trees.of('memory')
    this.#host ??= {
      swap: memory !== undefined && existsSync(join(memory.own, 'memory.memsw.limit_in_bytes')),
      disk: resolveBlockDevice,
    }
    return this.#host
  }

  /** Writes limits into a new group; it is gone again when one is refused. */
  #limited(group: Group, limits: ParsedLimits): Group {
    try {
      for (const setting of settingsOf(limits, this.#settingHost)) group.write(setting)
      return group
    } catch (error) {
      group.tryRemove()
      throw error
    }
  }

  #oneShot({ limits }: LimitRequest): GroupLease {
    const needed = treesOf(this.#store.trees, [...COUNTED, ...controllersOf(limits)])
    const { group, known: effective } = this.#store.take(
      JSON.stringify(limits),
      () => opened(this.#limited(this.#store.make(needed), limits)),
      (made) => effectiveLimits(made, limits, this.#settingHost),
    )
    const amendment: Amendment = {
      container: [this.#cgroup('', [], group.directories)],
      process: [{ op: 'group', into: '', tasks: group.tasks }],
    }
    const retire = (used: Group): void => this.#store.retire(used)
    return this.#lease(group, limits, amendment, { effective, retire })
  }

  /** One that stays: its processes are stopped and killed by one group that they are all born in. */
  #container({ id, limits, running }: LimitRequest): GroupLease {
    const { trees, trackers } = this.#store
    const [tracker] = trackers
    const needed = new Set(treesOf(trees, CHANGEABLE))
    if (tracker !== undefined) needed.add(tracker)
    const found = this.#store.findKept(id)
    if (found === undefined && running !== undefined) throw notFound(id)
    const group = found ?? this.#limited(this.#store.makeKept([...needed], id), limits)
    const unified = trees.unified === undefined ? undefined : join(trees.unified.own, group.name)
    const freezer = trees.of('freezer')
    // the freezer is for pid 1 too: its children are born there
    const frozen =
      tracker !== undefined && tracker === freezer ? [join(tracker.own, group.name, 'tasks')] : []
    const tasks = group.tasks.filter((path) => !frozen.includes(path))
    const amendment: Amendment = {
      container: [this.#cgroup(unified ?? '', frozen, group.directories)],
      process: [{ op: 'group', into: '', tasks }],
    }
    return this.#lease(group, limits, amendment, {
      tracked: tracker === undefined ? undefined : join(tracker.own, group.name),
      unified,
      shared: true,
      // else nobody could tell that its pid 1 lives
      durable: tracker !== undefined && (tracker === trees.unified || tracker === freezer),
    })
  }

  /** A command of one that stays: a group below the container's, by which it is counted. */
  #command({ id, command = 'command', container, limits }: LimitRequest): GroupLease {
    const parent = container instanceof GroupLease ? container : undefined
    const needed = treesOf(this.#store.trees, [...COUNTED, ...controllersOf(limits)])
    const group = this.#limited(
      parent === undefined
        ? this.#store.make(needed, `${id}.${command}`)
        : this.#store.makeBelow(parent.group, needed, command),
      limits,
    )
    return this.#lease(
      group,
      limits,
      { process: [{ op: 'group', into: '', tasks: group.tasks }] },
      { parent, durable: parent?.durable === true },
    )
  }

  #cgroup(born: string, tasks: readonly string[], owned: readonly string[]) {
    return { op: 'cgroup', born, ahead: '', tasks, owned } as const
  }

  #lease(
    group: Group,
    limits: ParsedLimits,
    amendment: Amendment,
    more: {
      readonly effective?: ParsedLimits
      readonly retire?: (group: Group) => void
      readonly tracked?: string | undefined
      readonly unified?: string | undefined
      readonly shared?: boolean
      readonly durable?: boolean
      readonly parent?: GroupLease | undefined
    } = {},
  ): GroupLease {
    return new GroupLease({
      group,
      limits,
      amendment,
      host: this.#settingHost,
      poller: this.#poller,
      tracked: more.tracked ?? group.directories[0] ?? '',
      unified: more.unified,
      shared: more.shared ?? false,
      durable: more.durable ?? false,
      effective: more.effective,
      retire: more.retire,
      parent: more.parent,
    })
  }
}
