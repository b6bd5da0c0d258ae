import { readdirSync, rmSync, writeFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { invalidArgument } from '@caisson/core'
import { parseDigest, type Digest } from './digest.js'
import { readJson } from './durable.js'
import { isSessionAlive, nonce, type Session } from './session.js'
import { asStoreError } from './store-error.js'
import type { StorePlaces } from './store-places.js'

/** Something that garbage collection starts from. */
export type StoreRoot =
  | { readonly kind: 'blob' | 'layer'; readonly id: Digest }
  | { readonly kind: 'snapshot'; readonly id: string }

/** Keeps what it names from being collected. */
export interface Lease extends AsyncDisposable {
  readonly id: string
  /** Adds one, also one that is not there yet; from then on it stays. */
  add(root: StoreRoot): Promise<void>
  /** Idempotent. */
  release(): Promise<void>
}

const LINGER_MS = 10_000
const snapshotForm = /^[0-9a-f]{32}$/

/**
 * A root out of a file or from a caller.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function parseRoot(value: unknown, field: string): StoreRoot {
  const { kind, id } =
    typeof value === 'object' && value !== null ? { kind: undefined, id: undefined, ...value } : {}
  if (kind === 'blob' || kind === 'layer') return { kind, id: parseDigest(id, `${field}.id`) }
  if (kind === 'snapshot' && typeof id === 'string' && snapshotForm.test(id)) return { kind, id }
  const why = 'must be `{ kind: "blob" | "layer" | "snapshot", id }`'
  throw invalidArgument({ field, why })
}

function keyOf({ kind, id }: StoreRoot): string {
  return `${kind} ${id}`
}

/** What a process uses. */
interface Held {
  readonly root: StoreRoot
  users: number
  /** Done when others can read that it is leased. */
  readonly saved: Promise<void>
}

/** The leases of one process, and, for collections, everybody's. */
export class LeaseBook {
  readonly #places: StorePlaces
  readonly #session: Session
  /** What this process uses: how often, and the root. */
  readonly #held = new Map<string, Held>()
  /** A write that is to come and has not begun. */
  #saving: Promise<void> | undefined
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(places: StorePlaces, session: Session) {
    this.#places = places
    this.#session = session
  }

  /**
   * Keeps roots for as long as this process has the store open, or until the function returned is called. What is held
   * already costs nothing, so that a root which is lent again and again is leased once.
   */
  async hold(roots: readonly StoreRoot[]): Promise<() => void> {
    const entries = roots.map((root) => {
      const key = keyOf(root)
      const entry = this.#held.get(key) ?? this.#begin(key, root)
      entry.users++
      return entry
    })
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      for (const entry of entries) entry.users--
      this.#dropSoon()
    }
    try {
      // also of one that another call is about to write: what is not on disk keeps nothing
      await Promise.all(entries.map(({ saved }) => saved))
    } catch (error) {
      release()
      throw error
    }
    return release
  }

  #begin(key: string, root: StoreRoot): Held {
    this.#saving ??= this.#session.shared(() => {
      this.#saving = undefined
      this.#write()
    })
    const entry: Held = { root, users: 0, saved: this.#saving }
    this.#held.set(key, entry)
    entry.saved.catch(() => {
      this.#saving = undefined
      // whoever comes next tries again
      if (this.#held.get(key) === entry) this.#held.delete(key)
    })
    return entry
  }

  /** A lease that outlives this process until `expiresMs` from now, or, without it, ends with this process. */
  async open(roots: readonly StoreRoot[], expiresMs: number | undefined): Promise<Lease> {
    const id = nonce()
    const path = join(this.#places.leases, `${id}.json`)
    const all = [...roots]
    const expires = expiresMs === undefined ? undefined : Date.now() + expiresMs
    const session = expires === undefined ? this.#session.id : undefined
    const save = (): Promise<void> =>
      this.#session.shared(() => replace(path, JSON.stringify({ session, expires, roots: all })))
    await save()
    const release = async (): Promise<void> => {
      rmSync(path, { force: true })
    }
    return {
      id,
      add: async (root) => {
        all.push(parseRoot(root, 'root'))
        await save()
      },
      release,
      [Symbol.asyncDispose]: release,
    }
  }

  /** Of every lease that is in force; those that are not are removed. Under the exclusive lock. */
  async sweep(): Promise<readonly StoreRoot[]> {
    const roots: StoreRoot[] = []
    for (const name of readdirSync(this.#places.leases)) {
      const path = join(this.#places.leases, name)
      // a process rewrites its own without the lock
      const [own = '', draft] = name.split('.json')
      if (draft === '.tmp' && (await isSessionAlive(this.#places, own))) continue
      if (path === this.#ownPath()) continue
      const lease = name.endsWith('.json') ? readJson(path) : undefined
      const found = await this.#inForce(lease)
      if (found === undefined) rmSync(path, { force: true })
      else roots.push(...found)
    }
    // of this process, as it is: what could not be written, on a full disk, must not keep anything
    for (const { root } of this.#held.values()) roots.push(root)
    return roots
  }

  /** Forgets what this process does not use any more. */
  trim(): void {
    const before = this.#held.size
    for (const [key, { users }] of this.#held) if (users === 0) this.#held.delete(key)
    if (this.#held.size === before) return
    try {
      if (this.#held.size === 0) rmSync(this.#ownPath(), { force: true })
      else this.#write()
    } catch {
      // what is on disk keeps more than it has to, from the collections of others
    }
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#held.clear()
    rmSync(this.#ownPath(), { force: true })
  }

  async #inForce(lease: unknown): Promise<readonly StoreRoot[] | undefined> {
    if (typeof lease !== 'object' || lease === null) return undefined
    const { session, expires, roots } = { session: '', expires: 0, roots: [], ...lease }
    const valid =
      typeof expires === 'number' && expires > 0
        ? expires > Date.now()
        : typeof session === 'string' && (await isSessionAlive(this.#places, session))
    if (!valid || !Array.isArray(roots)) return undefined
    return roots.map((root: unknown) => parseRoot(root, 'lease'))
  }

  #ownPath(): string {
    return join(this.#places.leases, `${this.#session.id}.json`)
  }

  // A lease of a process is worth nothing after a crash of the machine: no need to wait for the disk.
  #write(): void {
    const roots = [...this.#held.values()].map(({ root }) => root)
    replace(this.#ownPath(), JSON.stringify({ session: this.#session.id, roots }))
  }

  #dropSoon(): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.trim()
    }, LINGER_MS)
    timer.unref()
    this.#timers.add(timer)
  }
}

/** @throws CaissonError ERR_STORE_SPACE, ERR_STORE_IO */
function replace(path: string, text: string): void {
  const draft = `${path}.tmp`
  try {
    writeFileSync(draft, text, { mode: 0o600 })
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw asStoreError(error, path)
  }
}
