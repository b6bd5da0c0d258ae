import { join } from 'node:path'
import {
  resolveBlockDevice,
  type Amendment,
  type LimitLease,
  type LimitRequest,
  type ParsedLimits,
  type ResourceLimiter,
} from '@caisson/core'
import { existsSync } from 'node:fs'
import { GroupLease } from './group-lease.js'
import type { Group } from './group.js'
import type { GroupStore } from './group-store.js'
import type { LimitKeyV1 } from './limit-keys.js'
import { OomPoller } from './oom-poller.js'
import { controllersOf, COUNTED, TOLD, treesOf } from './placement.js'
import { settingsOf, type SettingHost } from './settings.js'
import type { Tree } from './trees.js'

/** Enforces limits by groups of v1, beside which there may be a cgroup2 tree. */
export class CgroupV1Limiter implements ResourceLimiter<LimitKeyV1> {
  readonly #store: GroupStore
  readonly #poller = new OomPoller()
  #host: SettingHost | undefined

  constructor(store: GroupStore) {
    this.#store = store
  }

  async acquire(request: LimitRequest<LimitKeyV1>): Promise<LimitLease> {
    // not waited for: what dead owners left has other names
    void this.#store.sweep()
    if (request.scope === 'container') return this.#container(request)
    return request.scope === 'command' ? this.#command(request) : this.#oneShot(request)
  }

  get #settingHost(): SettingHost {
    const memory = this.#store.trees.of('memory')
    this.#host ??= {
      swap: memory !== undefined && existsSync(join(memory.own, 'memory.memsw.limit_in_bytes')),
      disk: resolveBlockDevice,
    }
    return this.#host
  }

  /** A group with these limits; gone again when one is refused. */
  #make(limits: ParsedLimits, trees: readonly Tree[], name?: string): Group {
    const settings = settingsOf(limits, this.#settingHost)
    const group = this.#store.make(trees, name)
    try {
      for (const setting of settings) group.write(setting)
    } catch (error) {
      group.tryRemove()
      throw error
    }
    return group
  }

  #oneShot({ limits }: LimitRequest): GroupLease {
    const { trees } = this.#store
    const needed = treesOf(trees, [...COUNTED, ...controllersOf(limits)])
    const group = this.#store.take(JSON.stringify(limits), () => this.#make(limits, needed))
    return this.#lease(group, limits, {
      container: [this.#cgroup('', [])],
      process: [{ op: 'group', into: '', tasks: group.tasks }],
    })
  }

  /** One that stays: its processes are stopped and killed by one group that they are all born in. */
  #container({ id, limits }: LimitRequest): GroupLease {
    const { trees } = this.#store
    const [tracker] = this.#store.trackers
    const needed = new Set(treesOf(trees, [...COUNTED, ...TOLD, ...controllersOf(limits)]))
    if (tracker !== undefined) needed.add(tracker)
    const group = this.#make(limits, [...needed], id)
    const unified = trees.unified === undefined ? undefined : join(trees.unified.own, group.name)
    const freezer = trees.of('freezer')
    // the freezer is for pid 1 too: its children are born there
    const frozen =
      tracker !== undefined && tracker === freezer ? [join(freezer.own, group.name, 'tasks')] : []
    const tasks = group.tasks.filter((path) => !frozen.includes(path))
    const tracked = tracker === undefined ? group.directories[0] : join(tracker.own, group.name)
    return this.#lease(
      group,
      limits,
      {
        container: [this.#cgroup(unified ?? '', frozen)],
        process: [{ op: 'group', into: '', tasks }],
      },
      { tracked, unified, shared: true },
    )
  }

  /** A command of one that stays: a group below the container's, by which it is counted. */
  #command({ id, command = 'command', container, limits }: LimitRequest): GroupLease {
    const { trees } = this.#store
    const parent = container instanceof GroupLease ? container : undefined
    const needed = treesOf(trees, [...COUNTED, ...controllersOf(limits)])
    const above = parent === undefined ? '' : `${parent.group.leaf}/`
    const group = this.#make(
      limits,
      needed,
      parent === undefined ? `${id}-${command}` : `${above}${command}`,
    )
    return this.#lease(
      group,
      limits,
      { process: [{ op: 'group', into: '', tasks: group.tasks }] },
      { parent },
    )
  }

  #cgroup(born: string, tasks: readonly string[]) {
    return { op: 'cgroup', born, ahead: '', tasks, owned: this.#store.slots } as const
  }

  #lease(
    group: Group,
    limits: ParsedLimits,
    amendment: Amendment,
    more: {
      readonly tracked?: string | undefined
      readonly unified?: string | undefined
      readonly shared?: boolean
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
      parent: more.parent,
    })
  }
}
