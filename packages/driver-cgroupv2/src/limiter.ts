import { join } from 'node:path'
import type {
  Amendment,
  ContainerStep,
  LimitLease,
  LimitRequest,
  ParsedLimits,
  ResourceLimiter,
} from '@caisson/core'
import { suppress } from '@caisson/core'
import { availableControllers, controllersOf, handDown } from './controllers.js'
import { COUNTED } from './counters.js'
import { GroupLease } from './group-lease.js'
import type { Group } from './group.js'
import type { GroupStore } from './group-store.js'
import type { LimitKeyV2 } from './limit-keys.js'
import { settingsOf, withDefaults } from './settings.js'

/** Of a container that stays: where its commands are for which nothing was taken hold of. */
const MAIN = 'main'
const COUNTERS = ['memory', 'pids']

/** Enforces limits by groups of version 2. */
export class CgroupV2Limiter implements ResourceLimiter<LimitKeyV2> {
  readonly #store: GroupStore

  constructor(store: GroupStore) {
    this.#store = store
  }

  async acquire(request: LimitRequest<LimitKeyV2>): Promise<LimitLease> {
    await this.#store.open()
    if (request.scope === 'container') return this.#container(request)
    return request.scope === 'command' ? this.#command(request) : this.#oneShot(request)
  }

  /** Writes limits into a new group; it is gone again when one is refused. */
  #limited(group: Group, asked: ParsedLimits): ParsedLimits {
    try {
      const limits = withDefaults(asked, (file) => group.has(file))
      for (const setting of settingsOf(limits)) group.write(setting)
      return limits
    } catch (error) {
      if (!group.tryRemove()) suppress(error, [new Error(`${group.directory} is left`)])
      throw error
    }
  }

  #oneShot({ limits: asked }: LimitRequest): GroupLease {
    // withDefaults says the same of every group: the files are the kernel's
    let limits = asked
    const make = (): Group => {
      this.#store.enable(controllersOf(asked))
      const made = this.#store.make()
      limits = this.#limited(made, asked)
      made.warm(COUNTED)
      return made
    }
    const group = this.#store.take(JSON.stringify(asked), make)
    limits = withDefaults(asked, (file) => group.has(file))
    return this.#lease('one-shot', group, limits, {
      container: [this.#cgroup()],
      process: [{ op: 'group', into: group.directory, tasks: [] }],
    })
  }

  #container({ id, limits: asked }: LimitRequest): GroupLease {
    this.#store.enable(controllersOf(asked))
    const group = this.#store.make(id)
    const limits = this.#limited(group, asked)
    const available = availableControllers(group.directory)
    handDown(
      group.directory,
      COUNTERS.filter((each) => available.includes(each)),
    )
    const main = this.#store.make(join(id, MAIN))
    return this.#lease('container', group, limits, {
      container: [this.#cgroup()],
      process: [{ op: 'group', into: main.directory, tasks: [] }],
    })
  }

  /** A command of one that stays: a group below the container's, by which it is counted. */
  #command({ id, command = 'command', container, limits: asked }: LimitRequest): GroupLease {
    const parent = container instanceof GroupLease ? container : undefined
    const needed = controllersOf(asked)
    this.#store.enable(needed)
    if (parent !== undefined) handDown(parent.group.directory, needed)
    const name = parent === undefined ? `${id}-${command}` : join(id, command)
    const group = this.#store.make(name)
    const limits = this.#limited(group, asked)
    const process = [{ op: 'group', into: group.directory, tasks: [] }] as const
    return this.#lease('command', group, limits, { process }, parent)
  }

  /** Every pid 1 is in one group beside those with limits, so that any that was made ahead will do. */
  #cgroup(): ContainerStep {
    const { init, directory } = this.#store
    return { op: 'cgroup', born: init, ahead: init, tasks: [], owned: [directory] }
  }

  #lease(
    scope: 'container' | 'command' | 'one-shot',
    group: Group,
    limits: ParsedLimits,
    amendment: Amendment,
    parent?: GroupLease,
  ): GroupLease {
    return new GroupLease({ store: this.#store, scope, group, limits, amendment, parent })
  }
}
