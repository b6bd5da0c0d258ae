import { dirname, join } from 'node:path'
import { throwIfLeft, tryRemoveGroups } from '@caisson/cgroup-kit'
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
import { DRIVER } from './driver-name.js'
import { GroupLease } from './group-lease.js'
import { Group } from './group.js'
import type { GroupStore } from './group-store.js'
import type { LimitKeyV2 } from './limit-keys.js'
import { settingsOf, withDefaults } from './settings.js'

/** Of a container that stays: its pid 1, and beside that what has the limits. */
const INIT = 'init'
const BOX = 'box'
/** In the latter: commands for which nothing was taken hold of. */
const MAIN = 'main'
const COUNTERS = ['memory', 'pids']

function cgroupStep(born: string, ahead: string, owned: string): ContainerStep {
  return { op: 'cgroup', born, ahead, tasks: [], owned: [owned] }
}

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

  async sweep(): Promise<void> {
    throwIfLeft(await this.#store.sweep(), DRIVER)
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
    const make = (): Group => {
      this.#store.enable(controllersOf(asked))
      const made = this.#store.make()
      this.#limited(made, asked)
      made.warm(COUNTED)
      return made
    }
    const { init, directory } = this.#store
    // the same of every group: the files are the kernel's
    const { group, limits } = this.#store.take(JSON.stringify(asked), make, (made) =>
      withDefaults(asked, (file) => made.has(file)),
    )
    return this.#lease('one-shot', group, limits, {
      // every pid 1 is in one group beside those with limits, so that any that was made ahead will do
      container: [cgroupStep(init, init, directory)],
      process: [{ op: 'group', into: group.directory, tasks: [] }],
    })
  }

  #container({ id, limits: asked, running }: LimitRequest): GroupLease {
    const controllers = [...this.#counted, ...controllersOf(asked)]
    const { directory, made } = this.#store.keep(id, controllers, running)
    const group = Group.make(join(directory, BOX))
    const limits = made ? this.#begin(group, asked) : withDefaults(asked, (file) => group.has(file))
    const amendment: Amendment = {
      container: [cgroupStep(join(directory, INIT), '', directory)],
      process: [{ op: 'group', into: join(group.directory, MAIN), tasks: [] }],
    }
    return this.#lease('container', group, limits, amendment, { directory })
  }

  /** Of a container that stays: its limits, and below them a place for commands. */
  #begin(group: Group, asked: ParsedLimits): ParsedLimits {
    try {
      const limits = this.#limited(group, asked)
      handDown(group.directory, this.#counted)
      this.#store.delegate(Group.make(join(group.directory, MAIN)).directory)
      return limits
    } catch (error) {
      // nobody has been in there: it goes at once
      tryRemoveGroups(dirname(group.directory))
      throw error
    }
  }

  get #counted(): readonly string[] {
    const available = availableControllers(this.#store.directory)
    return COUNTERS.filter((each) => available.includes(each))
  }

  /** A command of one that stays: a group below the container's, by which it is counted. */
  #command({ command = 'command', container, limits: asked }: LimitRequest): GroupLease {
    const parent = container instanceof GroupLease ? container : undefined
    const needed = controllersOf(asked)
    if (parent === undefined) this.#store.enable(needed)
    else parent.handDown(needed)
    const above = parent?.group.directory ?? this.#store.directory
    const group = this.#store.makeBelow(above, command)
    const limits = this.#limited(group, asked)
    const process = [{ op: 'group', into: group.directory, tasks: [] }] as const
    return this.#lease('command', group, limits, { process }, { parent })
  }

  #lease(
    scope: 'container' | 'command' | 'one-shot',
    group: Group,
    limits: ParsedLimits,
    amendment: Amendment,
    more: { readonly directory?: string; readonly parent?: GroupLease | undefined } = {},
  ): GroupLease {
    const { directory, parent } = more
    return new GroupLease({
      store: this.#store,
      scope,
      group,
      limits,
      amendment,
      directory,
      parent,
    })
  }
}
