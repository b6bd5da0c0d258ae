import { isCaissonError, type DirectoryJail } from '@caisson/core'
import { archiveError } from './archive-error.js'
import { nameBytes, parentOf } from './entry-name.js'
import type { FoundTarEntry } from './tar-entry.js'

const TYPE = 0o170000
const DIRECTORY = 0o040000
const LINK = 0o120000
/** As the kernel has it, with room for links that climb. */
const MOST_HOPS = 255
const codes = ['ERR_FILE_NOT_FOUND', 'ERR_FILE_TYPE', 'ERR_FILE_EXISTS'] as const

/** Directories that are known to be there, and the times that they get when nothing is written into them any more. */
export class MadeDirectories {
  readonly #jail: DirectoryJail
  readonly #known = new Set<string>([''])
  readonly #times = new Map<string, bigint>()

  constructor(jail: DirectoryJail) {
    this.#jail = jail
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  /** Asked for from the server, which answers in order: whoever asks next finds it. */
  made(name: string, mtimeNs: bigint): void {
    this.#known.add(name)
    this.#times.set(name, mtimeNs)
  }

  /** Something else stands there now, and nothing below it. */
  replaced(name: string): void {
    if (!this.#known.has(name)) return
    this.#known.clear()
    this.#known.add('')
    for (const one of this.#times.keys())
      if (one === name || one.startsWith(`${name}/`)) this.#times.delete(one)
  }

  /** Deepest first: none of them is touched again. */
  times(): readonly (readonly [name: string, mtimeNs: bigint])[] {
    return [...this.#times].toReversed()
  }

  /**
   * Makes what an archive left out: directories that lie above an entry, or where links on its way lead to.
   * @throws CaissonError ERR_ARCHIVE_UNSAFE when something else is in the way
   */
  async ensure(name: string, entry: FoundTarEntry): Promise<void> {
    try {
      await this.#jail.files.mkdir(nameBytes(name), 0o755, true)
    } catch (error) {
      // a link to what is not there yet, of which the kernel does not make the target; or something in the way, which shows
      if (!codes.some((code) => isCaissonError(error, code))) throw error
      await this.#makeByParts(name, entry)
    }
    for (let one = name; one !== ''; one = parentOf(one)) this.#known.add(one)
  }

  async #makeByParts(name: string, entry: FoundTarEntry): Promise<void> {
    let here: readonly string[] = []
    const todo = name.split('/')
    for (let hops = 0; todo.length > 0;) {
      const part = todo.shift() ?? ''
      if (part === '' || part === '.') continue
      if (part === '..') {
        here = here.slice(0, -1)
        continue
      }
      const path = nameBytes([...here, part].join('/'))
      const found = await this.#jail.get(path).catch((error: unknown) => {
        if (isCaissonError(error, 'ERR_FILE_NOT_FOUND')) return undefined
        throw error
      })
      const type = found === undefined ? DIRECTORY : found.status.mode & TYPE
      if (found === undefined) await this.#jail.files.mkdir(path, 0o755, false)
      if (type === LINK && ++hops <= MOST_HOPS) {
        const target = Buffer.from(found?.target ?? []).toString('latin1')
        if (target.startsWith('/')) here = []
        todo.unshift(...target.split('/'))
      } else if (type === DIRECTORY) here = [...here, part]
      else throw inTheWay(entry)
    }
  }
}

function inTheWay(entry: FoundTarEntry): Error {
  const why = 'what lies above it is no directory'
  return archiveError('ERR_ARCHIVE_UNSAFE', entry.offset, entry.path, why)
}
