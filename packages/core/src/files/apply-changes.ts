import { randomBytes } from 'node:crypto'
import type { DirectoryJail } from '../contracts/directory-jail.js'
import type { FileAccess, FileStatus } from '../contracts/file-access.js'
import type { Applied, ApplyOptions } from '../contracts/snapshottable.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import type { Change } from '../result/change.js'
import { checkFields } from '../spec/check-fields.js'
import { parseAbsolutePath } from '../spec/parse-path.js'
import { checkAbort } from './abort.js'
import { Bounds, OUTWARD } from './bounds.js'
import { readContent } from './content.js'
import { fileFault } from './file-error.js'
import { fileType } from './file-stats.js'
import { withFile } from './with-file.js'

const optionFields: ReadonlySet<string> = new Set([
  'root',
  'only',
  'maxBytes',
  'maxEntries',
  'signal',
])

/** What is applied, and where. */
export interface Application {
  readonly from: () => FileAccess
  readonly to: () => Promise<DirectoryJail>
  readonly changes: Iterable<Change> | AsyncIterable<Change>
  readonly options: ApplyOptions | undefined
}

/** A change with its place in the host directory, relative to it. */
interface Placed {
  readonly change: Change
  readonly place: string
}

interface Sorted {
  readonly placed: readonly Placed[]
  readonly outside: readonly string[]
}

/** Where bytes of a name were no text: it may stand for several files, and a change of one would be brought to another. */
const NO_TEXT = '\u{FFFD}'

/** Names come from the container, and are only as good as it. */
function isSound(place: string): boolean {
  if (place === '' || place.includes(NO_TEXT)) return false
  return place.split('/').every((name) => !['', '.', '..'].includes(name))
}

async function sortChanges(
  changes: Application['changes'],
  root: string,
  only: (change: Change) => boolean,
  bounds: Bounds,
): Promise<Sorted> {
  const prefix = root === '/' ? '/' : `${root}/`
  const placed: Placed[] = []
  const outside: string[] = []
  for await (const change of changes) {
    bounds.enter()
    if (!only(change)) continue
    const place = change.path.startsWith(prefix) ? change.path.slice(prefix.length) : ''
    if (isSound(place)) placed.push({ change, place })
    else outside.push(change.path)
  }
  // what is deleted makes room first; then whatever holds others comes before them
  const rank = ({ change }: Placed): number => (change.kind === 'deleted' ? 0 : 1)
  placed.sort((a, b) => rank(a) - rank(b) || (a.place < b.place ? -1 : 1))
  return { placed, outside }
}

async function statOf(files: FileAccess, path: Uint8Array): Promise<FileStatus | undefined> {
  try {
    return await files.stat(path, false)
  } catch (error) {
    if (isCaissonError(error, 'ERR_FILE_NOT_FOUND')) return undefined
    throw error
  }
}

class Applying {
  readonly #from: FileAccess
  readonly #jail: DirectoryJail
  /** Directories of the host that are known to be such. */
  readonly #known = new Set<string>([''])

  readonly #bounds: Bounds
  readonly #signal: AbortSignal | undefined

  constructor(
    from: FileAccess,
    jail: DirectoryJail,
    bounds: Bounds,
    signal: AbortSignal | undefined,
  ) {
    this.#from = from
    this.#jail = jail
    this.#bounds = bounds
    this.#signal = signal
  }

  async delete({ place }: Placed): Promise<boolean> {
    if (!(await this.#hasParents(place, false))) return false
    return this.#remove(place)
  }

  /** False: it is nothing that can be brought over, or is not there any more. */
  async write({ change, place }: Placed): Promise<boolean> {
    const source = Buffer.from(change.path)
    const status = await statOf(this.#from, source)
    if (status === undefined) return false
    const type = fileType(status.mode)
    if (type !== 'file' && type !== 'directory' && type !== 'symlink') return false
    await this.#hasParents(place, true)
    const there = await this.#find(place)
    if (there !== undefined && fileType(there.mode) !== type) await this.#remove(place)
    if (type === 'directory') await this.#directory(place, status)
    else if (type === 'symlink') await this.#link(source, place)
    else await this.#file(source, place, status)
    return true
  }

  async #directory(place: string, status: FileStatus): Promise<void> {
    const path = Buffer.from(place)
    await this.#jail.make({ type: 'directory', path, mode: status.mode & 0o777, replace: true })
    this.#known.add(place)
  }

  async #link(source: Buffer, place: string): Promise<void> {
    const target = await this.#from.readlink(source)
    const path = Buffer.from(place)
    await this.#jail.make({ type: 'symlink', path, mode: 0, target, replace: true })
  }

  /** Whole, beside its place, and then there by a rename: nobody sees half of it, and nothing is written through. */
  async #file(source: Buffer, place: string, status: FileStatus): Promise<void> {
    const slash = place.lastIndexOf('/') + 1
    const draft = `${place.slice(0, slash)}.caisson-${randomBytes(8).toString('hex')}`
    const path = Buffer.from(draft)
    const target = await this.#jail.open(path, { access: 'write', create: 0o600, exclusive: true })
    try {
      try {
        await withFile(this.#from, source, { access: 'read', follow: false }, async (file) => {
          this.#bounds.expect(file.status.size)
          for await (const chunk of readContent(file, 0, this.#signal)) {
            this.#bounds.add(chunk.length)
            await target.write(chunk)
          }
        })
        // never set-ID bits: whoever runs it here is not whom it was made for
        const times = { atimeNs: status.atimeNs, mtimeNs: status.mtimeNs }
        await target.set({ mode: status.mode & 0o777, times })
      } finally {
        await target.close()
      }
      await this.#jail.files.rename(path, Buffer.from(place))
    } catch (error) {
      await this.#jail.files.remove(path, false).catch(() => {})
      throw error
    }
  }

  async #remove(place: string): Promise<boolean> {
    try {
      await this.#jail.files.remove(Buffer.from(place), true)
      this.#known.delete(place)
      return true
    } catch (error) {
      if (isCaissonError(error, 'ERR_FILE_NOT_FOUND')) return false
      throw error
    }
  }

  #find(place: string): Promise<FileStatus | undefined> {
    return statOf(this.#jail.files, Buffer.from(place))
  }

  /** Whether all above it are directories; missing ones are made, or are the answer. */
  async #hasParents(place: string, make: boolean): Promise<boolean> {
    const names = place.split('/')
    for (let depth = 1; depth < names.length; depth++) {
      const parent = names.slice(0, depth).join('/')
      if (this.#known.has(parent)) continue
      const there = await this.#find(parent)
      if (there !== undefined && fileType(there.mode) !== 'directory') {
        const why = 'it is no directory of the host; a link is not followed'
        throw fileFault('ERR_FILE_TYPE', Buffer.from(parent), why)
      }
      if (there === undefined && !make) return false
      if (there === undefined) await this.#jail.files.mkdir(Buffer.from(parent), 0o755, false)
      this.#known.add(parent)
    }
    return true
  }
}

/**
 * Brings changes of a container to a directory of the host.
 * @throws TypeError ERR_INVALID_SPEC; CaissonError of files
 */
export async function applyChanges(application: Application): Promise<Applied> {
  const given = checkFields(application.options ?? {}, 'options', optionFields)
  const { root = '/', only = () => true, signal } = given
  const bounds = new Bounds(given, Buffer.from('changes'), OUTWARD)
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument({ field: 'options.signal', why: 'must be an AbortSignal' })
  checkAbort(signal)
  if (!isChoice(only)) throw invalidArgument({ field: 'options.only', why: 'must be a function' })
  const top = parseAbsolutePath(root, 'options.root')
  const { placed, outside } = await sortChanges(application.changes, top, only, bounds)
  const skipped = [...outside]
  let [written, deleted] = [0, 0]
  await using jail = await application.to()
  const applying = new Applying(application.from(), jail, bounds, signal)
  for (const one of placed) {
    checkAbort(signal)
    if (one.change.kind === 'deleted') deleted += (await applying.delete(one)) ? 1 : 0
    else if (await applying.write(one)) written++
    else skipped.push(one.change.path)
  }
  return { written, deleted, skipped }
}

function isChoice(value: unknown): value is (change: Change) => boolean {
  return typeof value === 'function'
}
