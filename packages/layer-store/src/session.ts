import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileLock } from './file-lock.js'
import { storeError } from './store-error.js'
import type { StorePlaces } from './store-places.js'

const form = /^[0-9a-f]{16}$/
const SHARED_TIMEOUT_MS = 30_000

/** A random name of 16 hexadecimal digits. */
export function nonce(): string {
  return randomBytes(8).toString('hex')
}

/** Whether the process of a session still has the store open: it holds the lock of the session's file. */
export async function isSessionAlive(places: StorePlaces, id: string): Promise<boolean> {
  if (!form.test(id)) return false
  const path = join(places.sessions, id)
  const lock = await FileLock.take(path, { mode: 'exclusive' })
  if (lock === undefined) return readdirSync(places.sessions).includes(id)
  rmSync(path, { force: true })
  lock.release()
  return false
}

/** This process in a store. Whatever names a session is garbage when its lock is free, as the kernel sees to. */
export class Session {
  readonly id: string
  readonly #places: StorePlaces
  readonly #lock: FileLock
  #closed = false
  /** The store's lock, shared by all that go on at once in this process. */
  #shared: { readonly lock: Promise<FileLock>; users: number } | undefined

  private constructor(id: string, places: StorePlaces, lock: FileLock) {
    this.id = id
    this.#places = places
    this.#lock = lock
  }

  static async open(places: StorePlaces): Promise<Session> {
    for (;;) {
      const id = nonce()
      const path = join(places.sessions, id)
      closeSync(openSync(path, 'wx', 0o600))
      // a collection may have taken it for one of a dead process, before it was locked
      const lock = await FileLock.take(path, { mode: 'exclusive' })
      if (lock !== undefined) {
        const session = new Session(id, places, lock)
        session.note([])
        return session
      }
    }
  }

  /** Tells other processes, for their messages, who this is and which layers it has mounted. The lock is what counts. */
  note(layers: readonly string[]): void {
    const path = join(this.#places.sessions, this.id)
    // in place: the lock is that of the file
    if (!this.#closed) writeFileSync(path, JSON.stringify({ pid: process.pid, layers }))
  }

  /**
   * Nothing is collected while it runs.
   * @throws CaissonError ERR_STORE_LOCKED when a collection goes on for half a minute
   */
  async shared<T>(use: () => T | Promise<T>): Promise<T> {
    const shared = (this.#shared ??= { lock: this.#takeShared(), users: 0 })
    shared.users++
    try {
      await shared.lock
      return await use()
    } finally {
      if (--shared.users === 0) {
        if (this.#shared === shared) this.#shared = undefined
        shared.lock.then(
          (lock) => lock.release(),
          () => {},
        )
      }
    }
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true
    rmSync(join(this.#places.sessions, this.id), { force: true })
    this.#lock.release()
  }

  async #takeShared(): Promise<FileLock> {
    const options = { mode: 'shared', timeoutMs: SHARED_TIMEOUT_MS } as const
    const lock = await FileLock.take(this.#places.lock, options)
    if (lock !== undefined) return lock
    const why = 'another process has collected garbage for half a minute'
    throw storeError('ERR_STORE_LOCKED', this.#places.root, why, { retryable: true })
  }
}
