import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from './digest.js'
import { readJson } from './durable.js'
import { FileLock } from './file-lock.js'
import { isSessionAlive, type Session } from './session.js'
import { layerDirectory, type StorePlaces } from './store-places.js'
import { storeError } from './store-error.js'

/**
 * How long a layer counts as mounted after its last use: a launcher keeps containers that are made ahead for five seconds, and
 * they have it mounted.
 */
const LINGER_MS = 6000
/** A repair takes as long as reading the layer does. */
const REPAIR_MS = 60_000

interface Use {
  users: number
  readonly lock: Promise<FileLock | undefined>
  timer: NodeJS.Timeout | undefined
}

/**
 * Layers that this process lends to be mounted. Each is locked, shared, as long as it is, so that nobody mends it below a
 * container: the kernel calls the outcome undefined.
 */
export class LayerUses {
  readonly #places: StorePlaces
  readonly #session: Session
  readonly #uses = new Map<Digest, Use>()

  constructor(places: StorePlaces, session: Session) {
    this.#places = places
    this.#session = session
  }

  /**
   * Until the function returned is called. What is used already costs nothing.
   * @throws CaissonError ERR_STORE_BUSY while it is being repaired for longer than a minute
   */
  async use(ids: readonly Digest[]): Promise<() => void> {
    const entries = ids.map((id) => this.#enter(id))
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      for (const [index, id] of ids.entries()) this.#leave(id, entries[index])
    }
    const settled = await Promise.allSettled(entries.map(({ lock }) => lock))
    try {
      for (const [index, one] of settled.entries()) {
        const id = ids[index]
        if (id === undefined || (one.status === 'fulfilled' && one.value !== undefined)) continue
        // nothing is locked, so nothing of it is to be remembered
        this.#forget(id, entries[index])
        if (one.status === 'rejected') throw one.reason
        if (existsSync(layerDirectory(this.#places, id))) throw inRepair(id)
      }
      return release
    } catch (error) {
      release()
      throw error
    }
  }

  close(): void {
    for (const [id, use] of this.#uses) this.#forget(id, use)
  }

  #enter(id: Digest): Use {
    const known = this.#uses.get(id)
    if (known !== undefined) {
      known.users++
      clearTimeout(known.timer)
      return known
    }
    const use: Use = { users: 1, lock: this.#take(id), timer: undefined }
    // whoever waits for it below is told
    use.lock.catch(() => {})
    this.#uses.set(id, use)
    this.#note()
    return use
  }

  #take(id: Digest): Promise<FileLock | undefined> {
    const path = layerDirectory(this.#places, id)
    if (!existsSync(path)) return Promise.resolve(undefined)
    return FileLock.take(path, { mode: 'shared', timeoutMs: REPAIR_MS })
  }

  #leave(id: Digest, use: Use | undefined): void {
    if (use === undefined || --use.users > 0) return
    use.timer = setTimeout(() => this.#forget(id, use), LINGER_MS)
    use.timer.unref()
  }

  #forget(id: Digest, use: Use | undefined): void {
    if (use === undefined || this.#uses.get(id) !== use) return
    clearTimeout(use.timer)
    this.#uses.delete(id)
    this.#note()
    use.lock.then(
      (lock) => lock?.release(),
      () => {},
    )
  }

  #note(): void {
    try {
      this.#session.note([...this.#uses.keys()])
    } catch {
      // it is for messages, and the locks are what counts
    }
  }
}

function inRepair(id: Digest): Error {
  const more = { fix: 'Try again.', retryable: true }
  return storeError('ERR_STORE_BUSY', id, 'it is being repaired', more)
}

/** Processes that have a layer mounted, as they say themselves, for people. */
export async function usersOf(
  places: StorePlaces,
  session: Session,
  id: Digest,
): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of readdirSync(places.sessions)) {
    const { pid, layers } = { pid: 0, layers: [], ...noted(join(places.sessions, name)) }
    if (!Array.isArray(layers) || !layers.includes(id)) continue
    if (name === session.id) found.push(`this process (${process.pid})`)
    else if (await isSessionAlive(places, name)) found.push(`process ${String(pid)}`)
  }
  return found
}

function noted(path: string): { readonly pid?: unknown; readonly layers?: unknown } {
  const value = readJson(path)
  return typeof value === 'object' && value !== null ? value : {}
}
