import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { DiskShare } from '../contracts/store-usage.js'
import { CaissonError } from '../errors/caisson-error.js'
import { isMarkAlive } from '../host/process-mark.js'
import { type ContainerRecord, formatRecord, parseRecord } from './container-record.js'
import { directoryBytes } from './directory-bytes.js'
import { isOrphaned, isOrphanedClaim, ownedName } from './owned-name.js'
import { distrust, errnoOf, isPrivateDirectory, makePrivateDirectory } from './state-root.js'

const idForm = /^[0-9a-f]{32}$/
const MAX_RECORD_BYTES = 4 * 1024 * 1024

/** What was swept. */
export interface Swept {
  /** Containers of which something was left. */
  readonly containers: number
  /** Bytes given back on disk. */
  readonly bytes: number
}

function recordError(id: string, why: string, cause: unknown): CaissonError {
  return new CaissonError({ code: 'ERR_RECORD', what: 'record', subject: id, why, cause })
}

/**
 * Records of detached containers, a directory each. One comes into being complete, by a rename, and goes by a rename: any
 * number of processes may look, add and sweep at any time.
 */
export class RecordStore {
  readonly #stateDir: string
  readonly #containers: string

  /** @param stateDir absolute; made with the first record */
  constructor(stateDir: string) {
    this.#stateDir = stateDir
    this.#containers = join(stateDir, 'containers')
  }

  /** Where a container's record, socket and logs lie. */
  directoryOf(id: string): string {
    return join(this.#containers, id)
  }

  /** @throws CaissonError ERR_STATE_DIR; Error of the file system */
  publish(record: ContainerRecord): void {
    makePrivateDirectory(this.#stateDir)
    makePrivateDirectory(this.#containers)
    const draft = join(this.#containers, ownedName('new'))
    try {
      mkdirSync(draft, { mode: 0o700 })
      mkdirSync(join(draft, 'logs'), { mode: 0o700 })
      writeWhole(join(draft, 'record.json'), formatRecord(record))
      renameSync(draft, this.directoryOf(record.id))
    } catch (error) {
      rmSync(draft, { recursive: true, force: true })
      throw error
    }
  }

  /**
   * Puts another record in the place of one that is there, by a rename: whoever reads it finds one of the two.
   * @throws Error of the file system, when the container is gone too
   */
  replace(record: ContainerRecord): void {
    const directory = this.directoryOf(record.id)
    // with the directory it goes, should nobody come to rename it
    const draft = join(directory, ownedName('new'))
    try {
      writeWhole(draft, formatRecord(record))
      renameSync(draft, join(directory, 'record.json'))
    } catch (error) {
      rmSync(draft, { force: true })
      throw error
    }
  }

  /** @throws CaissonError ERR_CONTAINER_NOT_FOUND, ERR_RECORD, ERR_STATE_DIR */
  read(id: string): ContainerRecord {
    const directory = this.directoryOf(id)
    const known = idForm.test(id) && this.#exists()
    const stat = known ? lstatSync(directory, { throwIfNoEntry: false }) : undefined
    if (stat === undefined) {
      throw new CaissonError({
        code: 'ERR_CONTAINER_NOT_FOUND',
        what: 'container',
        subject: id.slice(0, 64),
      })
    }
    const why = distrust(stat)
    if (why !== undefined) throw recordError(id, why, undefined)
    try {
      return parseRecord(readPrivately(join(directory, 'record.json')), id)
    } catch (error) {
      throw recordError(id, error instanceof Error ? error.message : String(error), error)
    }
  }

  /** Ids of what looks like a container; broken ones too. */
  ids(): readonly string[] {
    return this.#names().filter((name) => idForm.test(name))
  }

  /** Takes away what a container had here. */
  async remove(id: string): Promise<void> {
    await this.#takeAway(id)
    // its holder is dead by now, and cannot give its ids back
    this.#sweepClaims()
  }

  /**
   * Removes what has no living owner and was last touched `olderThanMs` ago.
   * @throws CaissonError ERR_STATE_DIR
   */
  async sweep(olderThanMs: number): Promise<Swept> {
    let containers = 0
    let bytes = 0
    const before = Date.now() - olderThanMs
    for (const name of this.#names()) {
      const stat = lstatSync(join(this.#containers, name), { throwIfNoEntry: false })
      // what is not ours, or not a directory, is not of our making
      if (stat === undefined || distrust(stat) !== undefined || Math.floor(stat.mtimeMs) > before)
        continue
      const isContainer = idForm.test(name)
      const dead = isContainer ? await this.#isDead(name) : isOrphaned(name)
      const freed = dead ? await this.#takeAway(name) : undefined
      if (freed === undefined) continue
      if (isContainer) containers++
      bytes += freed
    }
    if (this.#exists()) this.#sweepClaims()
    return { containers, bytes }
  }

  /** How many there are, dead ones too, and what they take on disk. */
  usage(): DiskShare {
    const names = this.#names()
    const bytes = names.map((name) => directoryBytes(join(this.#containers, name)))
    const count = names.filter((name) => idForm.test(name)).length
    return { count, bytes: bytes.reduce((sum, one) => sum + one, 0) }
  }

  async #isDead(id: string): Promise<boolean> {
    try {
      return !isMarkAlive(this.read(id).holder.owner)
    } catch {
      // a broken record does not name its owner; whoever holds the container answers
      return !(await answers(join(this.directoryOf(id), 'socket')))
    }
  }

  /** undefined: another process was first. */
  async #takeAway(name: string): Promise<number | undefined> {
    const away = join(this.#containers, ownedName('old'))
    try {
      renameSync(join(this.#containers, name), away)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
    const bytes = directoryBytes(away)
    await rm(away, { recursive: true, force: true })
    return bytes
  }

  #sweepClaims(): void {
    const directory = join(this.#stateDir, 'ids')
    let names: readonly string[] = []
    try {
      names = readdirSync(directory)
    } catch {
      return // nobody ever claimed
    }
    for (const name of names) {
      if (isOrphanedClaim(name)) rmSync(join(directory, name), { force: true })
    }
  }

  #exists(): boolean {
    return isPrivateDirectory(this.#stateDir)
  }

  #names(): readonly string[] {
    if (!this.#exists() || !isPrivateDirectory(this.#containers)) return []
    return readdirSync(this.#containers)
  }
}

/** On disk before it has its name. */
function writeWhole(path: string, text: string): void {
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A file of this user's, not through a link. */
function readPrivately(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new Error('it is not a file')
    if (stat.uid !== process.geteuid?.()) throw new Error(`it belongs to user ${stat.uid}`)
    if (stat.size > MAX_RECORD_BYTES) throw new Error(`it is ${stat.size} bytes long`)
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error) => {
      // anything but "nobody there" may be somebody
      resolve(!['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(errnoOf(error) ?? ''))
    })
  })
}
