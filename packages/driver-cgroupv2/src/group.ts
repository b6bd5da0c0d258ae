import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  errnoOf,
  KeptFile,
  limitError,
  parseFlatKeyed,
  parseSingle,
  readIfThere,
  removeGroups,
  trackGroup,
  writeKernelFile,
} from '@caisson/cgroup-kit'
import { CaissonError } from '@caisson/core'
import { DRIVER } from './driver-name.js'
import type { Setting } from './setting.js'

/** How long the dead may take to leave their groups. */
const LEAVE_MS = 5000

/** One group, and those of its files that are read at every end, kept open. */
export class Group {
  readonly directory: string
  readonly #kept = new Map<string, KeptFile | undefined>()

  private constructor(directory: string) {
    this.directory = directory
  }

  /** @throws CaissonError ERR_LIMIT_DELEGATION, ERR_LIMIT */
  static make(directory: string): Group {
    try {
      mkdirSync(directory)
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw limitError({ driver: DRIVER, file: directory, error })
    }
    return new Group(directory)
  }

  has(file: string): boolean {
    return existsSync(join(this.directory, file))
  }

  /** undefined: there is no such file, or the group is gone. */
  read(file: string): string | undefined {
    return readIfThere(join(this.directory, file))
  }

  /** @throws CaissonError as of `limitError` */
  write({ file, value, field }: Setting): void {
    const path = join(this.directory, file)
    try {
      writeKernelFile(path, value)
    } catch (error) {
      throw limitError({ driver: DRIVER, field, file: path, value, error })
    }
  }

  /** Opens files ahead of their first use. */
  warm(files: readonly string[]): void {
    for (const file of files) this.#keep(file)
  }

  #keep(file: string): KeptFile | undefined {
    if (!this.#kept.has(file)) this.#kept.set(file, KeptFile.open(join(this.directory, file)))
    return this.#kept.get(file)
  }

  /** A file that is read again and again. */
  look(file: string): string | undefined {
    return this.#keep(file)?.read()
  }

  /** One number of such a file; undefined also for `max`. */
  number(file: string): number | undefined {
    return parseSingle(this.look(file))
  }

  /** One of several: `oom_kill` of `memory.events`. */
  value(file: string, key: string): number | undefined {
    const text = this.look(file)
    return text === undefined ? undefined : parseFlatKeyed(text).get(key)
  }

  /** Closes what it keeps open. Idempotent. */
  close(): void {
    for (const file of this.#kept.values()) file?.close()
  }

  /** Kills what is in it. */
  async kill(): Promise<void> {
    await trackGroup(this.directory).kill()
  }

  /** Removes it; false: somebody is in there. */
  tryRemove(): boolean {
    try {
      rmdirSync(this.directory)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') return false
    }
    this.close()
    return true
  }

  /**
   * Removes it with all groups below, waiting for those who are about to leave.
   * @throws CaissonError ERR_LIMIT when somebody stays
   */
  async remove(): Promise<void> {
    this.close()
    if (await removeGroups(this.directory, LEAVE_MS)) return
    throw new CaissonError({
      code: 'ERR_LIMIT',
      what: 'control group not removed',
      subject: this.directory,
      why: `processes are in it after ${LEAVE_MS} ms`,
      driver: DRIVER,
      retryable: true,
    })
  }
}
