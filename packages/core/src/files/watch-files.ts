import type { FileAccess, FileEvent, FileWatching } from '../contracts/file-access.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import { checkAbort } from './abort.js'
import { fileType } from './file-stats.js'
import type { WatchEvent, WatchOptions } from './files.js'
import { joinPath, pathText } from './path-bytes.js'
import { listDirectory } from './walk-files.js'

const NOTHING = Buffer.alloc(0)

/** One `watch`: which directory each number stands for, and what its events mean. */
class Watch {
  readonly #access: FileAccess
  readonly #watching: FileWatching
  readonly #top: Uint8Array
  readonly #recursive: boolean
  /** Paths below the top by number. */
  readonly #directories = new Map<number, Buffer>()

  constructor(access: FileAccess, watching: FileWatching, top: Uint8Array, recursive: boolean) {
    this.#access = access
    this.#watching = watching
    this.#top = top
    this.#recursive = recursive
  }

  async begin(): Promise<void> {
    this.#directories.set(await this.#watching.add(this.#top), NOTHING)
    if (this.#recursive) await this.#below(NOTHING, () => {})
  }

  async *events(): AsyncGenerator<WatchEvent> {
    for await (const batch of this.#watching.events) {
      for (let index = 0; index < batch.length; index++) {
        const event = batch[index]
        const next = batch[index + 1]
        if (event === undefined) continue
        if (event.kind === 'from' && next?.kind === 'to' && next.cookie === event.cookie) {
          index++
          yield* this.#renamed(event, next)
        } else yield* this.#one(event)
      }
    }
  }

  #path({ watch, name }: FileEvent): Buffer | undefined {
    const directory = this.#directories.get(watch)
    return directory === undefined ? undefined : joinPath(directory, name)
  }

  async *#one(event: FileEvent): AsyncGenerator<WatchEvent> {
    if (event.kind === 'overflow') yield { type: 'overflow', path: '' }
    if (event.kind === 'ended') this.#directories.delete(event.watch)
    const path = this.#path(event)
    if (path === undefined || event.name.length === 0) return
    if (event.kind === 'from' && event.directory) await this.#forget(path)
    if (event.kind === 'modify') yield { type: 'modify', path: pathText(path) }
    else if (event.kind === 'remove' || event.kind === 'from')
      yield { type: 'remove', path: pathText(path) }
    else {
      yield { type: 'create', path: pathText(path) }
      if (event.directory && this.#recursive) yield* this.#entered(path)
    }
  }

  async *#renamed(from: FileEvent, to: FileEvent): AsyncGenerator<WatchEvent> {
    const before = this.#path(from)
    const after = this.#path(to)
    if (before === undefined || after === undefined) {
      yield* this.#one(from)
      yield* this.#one(to)
      return
    }
    if (from.directory) this.#moved(before, after)
    yield { type: 'rename', path: pathText(after), from: pathText(before) }
  }

  /** A directory that has come: it is watched from now on, and what is in it already is told of. */
  async *#entered(path: Buffer): AsyncGenerator<WatchEvent> {
    const found: WatchEvent[] = []
    if (!(await this.#add(path))) return
    await this.#below(path, (entry) => found.push({ type: 'create', path: pathText(entry) }))
    yield* found
  }

  async #below(path: Buffer, found: (path: Buffer) => void): Promise<void> {
    const todo = [path]
    for (let below = todo.pop(); below !== undefined; below = todo.pop()) {
      const full = below.length === 0 ? this.#top : joinPath(this.#top, below)
      const entries = await listDirectory(this.#access, full, { follow: below.length === 0 }).catch(
        vanished,
      )
      for (const { name, status } of entries ?? []) {
        const entry = joinPath(below, name)
        found(entry)
        if (fileType(status.mode) === 'directory' && (await this.#add(entry))) todo.push(entry)
      }
    }
  }

  async #add(path: Buffer): Promise<boolean> {
    const watch = await this.#watching.add(joinPath(this.#top, path)).catch(vanished)
    if (watch !== undefined) this.#directories.set(watch, path)
    return watch !== undefined
  }

  #within(directory: Buffer): [number, Buffer][] {
    const prefix = joinPath(directory, NOTHING)
    return [...this.#directories].filter(
      ([, path]) => path.equals(directory) || path.subarray(0, prefix.length).equals(prefix),
    )
  }

  #moved(before: Buffer, after: Buffer): void {
    for (const [watch, path] of this.#within(before))
      this.#directories.set(watch, Buffer.concat([after, path.subarray(before.length)]))
  }

  async #forget(directory: Buffer): Promise<void> {
    for (const [watch] of this.#within(directory)) {
      this.#directories.delete(watch)
      await this.#watching.remove(watch).catch(() => {})
    }
  }
}

/** What was there a moment ago, and is not; or lies deeper than any path leads, so that a container ends no watch by that. */
function vanished(error: unknown): undefined {
  if (isCaissonError(error, 'ERR_FILE_NOT_FOUND') || isCaissonError(error, 'ERR_FILE_TYPE')) return
  if (isCaissonError(error) && error.errno === 'ENAMETOOLONG') return
  throw error
}

/** Says what happens in a directory, until the signal or the end of the loop. */
export async function* watchFiles(
  access: FileAccess,
  top: Uint8Array,
  options: WatchOptions,
): AsyncGenerator<WatchEvent> {
  const { signal, recursive = false } = options
  checkAbort(signal)
  const watching = await access.watch()
  const stop = (): void => {
    void watching[Symbol.asyncDispose]()
  }
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const watch = new Watch(access, watching, top, recursive)
    await watch.begin()
    yield* watch.events()
  } catch (error) {
    checkAbort(signal)
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
    await watching[Symbol.asyncDispose]()
  }
  checkAbort(signal)
}
