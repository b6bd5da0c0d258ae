import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  errnoOf,
  limitError,
  readIfThere,
  readKernelFile,
  removeGroups,
  trackGroup,
  tryRemoveGroups,
  writeKernelFile,
} from '@caisson/cgroup-kit'
import { CaissonError } from '@caisson/core'
import { Counters } from './counters.js'
import { DRIVER } from './driver-name.js'
import type { Setting } from './setting.js'
import type { Controller, Tree } from './trees.js'

/** How long the dead may take to leave their groups. */
const LEAVE_MS = 5000

/** A new cpuset has no CPUs and no memory nodes, and entering it fails with ENOSPC: it starts with those of its parent. */
function fillCpuset(parent: string, directory: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    writeKernelFile(join(directory, file), readKernelFile(join(parent, file)).trim())
  }
}

/** Before Linux 5.11 what is below a group counts in it only where somebody says so; groups below inherit that. */
function countBelow(directory: string): void {
  const file = join(directory, 'memory.use_hierarchy')
  if (readIfThere(file)?.trim() === '0') writeKernelFile(file, '1')
}

/** A group by the same name in several trees. */
export class Group {
  /** Path below the own group of each tree, e.g. `caisson-7-3000-4026531836/0.1`. */
  readonly name: string
  /** What the kernel counted of it. */
  readonly counters = new Counters(this)
  readonly #trees: readonly Tree[]

  private constructor(name: string, trees: readonly Tree[]) {
    this.name = name
    this.#trees = trees
  }

  /**
   * Makes it; when one tree refuses, in none.
   * @throws CaissonError ERR_LIMIT_DELEGATION, ERR_LIMIT
   */
  static make(name: string, trees: readonly Tree[]): Group {
    const group = new Group(name, trees)
    for (const tree of trees) {
      const directory = join(tree.own, name)
      try {
        makeIn(tree, directory)
      } catch (error) {
        group.tryRemove()
        throw limitError({ driver: DRIVER, file: directory, error })
      }
    }
    return group
  }

  /** One that is there, in whichever trees it is. */
  static find(name: string, trees: readonly Tree[]): Group {
    return new Group(
      name,
      trees.filter(({ own }) => existsSync(join(own, name))),
    )
  }

  /** Its directory in the tree of a controller; undefined when it is not in there. */
  directory(controller: Controller): string | undefined {
    const tree = this.#trees.find(({ controllers }) => controllers.includes(controller))
    return tree === undefined ? undefined : join(tree.own, this.name)
  }

  get directories(): readonly string[] {
    return this.#trees.map(({ own }) => join(own, this.name))
  }

  /** Files by which a process joins it, without the lock that costs milliseconds: by `0`, written by itself. */
  get tasks(): readonly string[] {
    return this.#trees
      .filter(({ controllers }) => controllers.length > 0)
      .map(({ own }) => join(own, this.name, 'tasks'))
  }

  /** Path of a file of it; undefined as of `directory`. */
  file(controller: Controller, file: string): string | undefined {
    const directory = this.directory(controller)
    return directory === undefined ? undefined : join(directory, file)
  }

  /** @throws CaissonError as of `limitError` */
  write({ controller, file, value, field }: Setting): void {
    const path = this.file(controller, file)
    if (path === undefined) {
      throw new CaissonError({
        code: 'ERR_INTERNAL',
        what: 'limit not set',
        subject: field,
        why: `${this.name} is not in the tree of ${controller}`,
      })
    }
    try {
      writeKernelFile(path, value)
    } catch (error) {
      throw limitError({ driver: DRIVER, field, file: path, value, error })
    }
  }

  /** Takes one away in which nobody has ever been. */
  discard(): void {
    try {
      this.tryRemove()
    } catch {
      // the next start sweeps
    }
  }

  /** Kills what is in it. */
  async kill(): Promise<void> {
    const [directory] = this.directories
    if (directory !== undefined) await trackGroup(directory).kill()
  }

  /** Removes it where nobody is in it; whether it is gone everywhere. */
  tryRemove(): boolean {
    this.counters.close()
    return this.directories.every((directory) => tryRemoveGroups(directory))
  }

  /**
   * Removes it, as soon as the dead have left it.
   * @throws CaissonError ERR_LIMIT when somebody stays
   */
  async remove(): Promise<void> {
    if (this.tryRemove()) return
    for (const directory of this.directories) {
      if (await removeGroups(directory, LEAVE_MS)) continue
      throw new CaissonError({
        code: 'ERR_LIMIT',
        what: 'control group not removed',
        subject: directory,
        why: `it still has processes after ${LEAVE_MS} ms`,
        fix: 'End them; the next start of Caisson, or `prune()`, removes it.',
        driver: DRIVER,
        retryable: true,
      })
    }
  }
}

/** Makes a group, and the slot above it when that is not there yet. */
function makeIn(tree: Tree, directory: string): void {
  const parent = join(directory, '..')
  try {
    mkdirSync(directory)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || parent === tree.own) throw error
    makeIn(tree, parent)
    mkdirSync(directory)
  }
  if (tree.controllers.includes('cpuset')) fillCpuset(parent, directory)
  if (tree.controllers.includes('memory') && parent === tree.own) countBelow(directory)
}
