import type { SnapshotOrigin, StoredSnapshot } from '../contracts/snapshot-store.js'
import { CaissonError } from '../errors/caisson-error.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { suppress } from '../errors/suppress.js'
import { applyChanges } from '../files/apply-changes.js'
import type { Change } from '../result/change.js'
import { checkFields } from '../spec/check-fields.js'
import { parseInteger } from '../values/parse-number.js'
import { parseText } from '../values/parse-text.js'
import { diffSnapshot } from './diff-snapshot.js'
import { ContainerHandle, type ContainerParts } from './container-handle.js'
import type { Keeper } from './keeper.js'
import { noStore } from './no-store.js'
import type { ReplaceableContainer } from './replaceable.js'
import type {
  Applied,
  ApplyOptions,
  Committed,
  Snapshot,
  SnapshotOptions,
  Snapshottable,
} from '../contracts/snapshottable.js'

const snapshotFields: ReadonlySet<string> = new Set(['name', 'live'])
const FORKS_MAX = 10_000

/** What a container that can be kept is made of. */
export interface SnapshotParts extends ContainerParts {
  readonly isolated: ReplaceableContainer
  /** Undefined: there is no store, or it outlives this process. */
  readonly keeper: Keeper | undefined
}

interface Taking {
  readonly name: string | undefined
  readonly live: 'freeze' | 'as-is'
  readonly transient: boolean
}

function parseOptions(options: unknown): Taking {
  const given = checkFields(options ?? {}, '', snapshotFields)
  const { name, live = 'freeze' } = given
  if (live !== 'freeze' && live !== 'as-is')
    throw invalidArgument({ field: 'live', why: 'must be `freeze` or `as-is`' })
  const text = name === undefined ? undefined : parseText(name, 'name', { maxBytes: 255 })
  return { name: text, live, transient: false }
}

/** Snapshots, forks and what undoes writes, on top of the container itself. */
export class SnapshotHandle extends ContainerHandle implements Snapshottable {
  readonly #parts: SnapshotParts
  /** The snapshot that its writes have become. */
  #sealed: StoredSnapshot | undefined
  /** Those taken of it since it stands, which its writes can be compared with. */
  readonly #since = new Map<string, StoredSnapshot>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: SnapshotParts) {
    super(parts)
    this.#parts = parts
  }

  async snapshot(options?: SnapshotOptions): Promise<Snapshot> {
    const taking = parseOptions(options)
    return this.#next(async () => this.#shown(await this.#take(taking)))
  }

  fork(): Promise<this>
  fork(count: number): Promise<readonly this[]>
  async fork(count?: number): Promise<this | readonly this[]> {
    const wanted = parseInteger(count ?? 1, 'count', { min: 1, max: FORKS_MAX })
    const forks = await this.#next(() => this.#fork(wanted))
    const [first] = forks
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same engine makes containers of the same class
    const alike = forks as unknown as readonly this[]
    return count === undefined && first !== undefined ? present(alike[0]) : alike
  }

  diff(since?: Snapshot): AsyncIterable<Change> {
    this.checkThere('be compared')
    if (since === undefined) return this.changes()
    const keeper = this.#keeper('diff')
    const { origin } = keeper
    if (since.id === origin.parent) return this.changes()
    const stored = this.#since.get(since.id)
    if (stored === this.#sealed && stored !== undefined) return nothing()
    // of one that was put together with those below it, what this container wrote is not to be told from the rest
    if (stored !== undefined && stored.parent === origin.parent)
      return this.#parts.isolated.changes(stored.directory)
    const side = { files: () => this.fileAccess(), changes: () => this.changes() }
    return diffSnapshot(keeper, side, since.id)
  }

  async rollback(to: Snapshot): Promise<void> {
    await this.#next(async () => {
      const keeper = this.#keeper('rollback')
      // held, so that it is there when the root is lent
      const held = await keeper.store.hold(to.id)
      try {
        if (held.snapshot.base.key !== keeper.origin.base.key) {
          const why = 'it is a snapshot of another root; use it as `from` of a container of its own'
          throw invalidArgument({ field: 'to', subject: to.id, why })
        }
        await this.#remake(`snapshot:${to.id}`)
      } finally {
        held.release()
      }
    })
  }

  async reset(): Promise<void> {
    await this.#next(() => this.#remake(undefined))
  }

  async commit(name: string, options?: SnapshotOptions): Promise<Committed> {
    const taking = parseOptions(options)
    parseText(name, 'name')
    return this.#next(async () => {
      const stored = await this.#take({ ...taking, name: taking.name ?? name })
      const { store } = this.#keeper('commit')
      try {
        const layer = await store.commit(stored.id, name)
        return Object.freeze({ ...this.#shown(stored), layer })
      } catch (error) {
        await store.delete(stored.id)
        throw error
      }
    })
  }

  async apply(
    changes: Iterable<Change> | AsyncIterable<Change>,
    hostDirectory: string,
    options?: ApplyOptions,
  ): Promise<Applied> {
    this.checkThere('be applied')
    const keeper = this.#keeper('apply')
    return applyChanges({
      from: () => this.fileAccess(),
      to: () => keeper.jail(hostDirectory),
      changes,
      options,
    })
  }

  async #fork(count: number): Promise<readonly SnapshotHandle[]> {
    const keeper = this.#keeper('fork')
    const stored = this.#sealed ?? (await this.#take({ ...asFork, transient: true }))
    const forks: SnapshotHandle[] = []
    try {
      while (forks.length < count) forks.push(await keeper.fork(`snapshot:${stored.id}`))
      return forks
    } catch (error) {
      const undone = await Promise.allSettled(forks.map((fork) => fork.remove()))
      suppress(
        error,
        undone.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])),
      )
      throw error
    } finally {
      // a copy is the forks' now; what the writes themselves became is this container's too
      if (stored !== this.#sealed) await keeper.store.discard(stored.id)
    }
  }

  async #take(taking: Taking): Promise<StoredSnapshot> {
    this.checkThere('be kept')
    const { store, origin, place, isCopy } = this.#keeper('snapshot')
    if (this.#sealed !== undefined) {
      // nothing was written since
      const parent = this.#sealed.id
      return this.#remember(await store.add({ ...origin, parent }, async () => {}, taking))
    }
    if (place !== undefined && !isCopy && this.state === 'stopped') {
      await this.#parts.isolated.seal?.()
      this.#sealed = await store.keep(place.id, taking)
      return this.#remember(this.#sealed)
    }
    return this.#remember(await this.#copied(origin, taking))
  }

  async #copied(origin: SnapshotOrigin, taking: Taking): Promise<StoredSnapshot> {
    const { store } = this.#keeper('snapshot')
    const { isolated, held } = this.#parts
    const copy = (): Promise<StoredSnapshot> =>
      store.add(
        origin,
        async (directory) => {
          await isolated.copyWrites?.(directory)
        },
        taking,
      )
    if (this.state !== 'running' || taking.live === 'as-is') return copy()
    if (held.leases.every((lease) => lease.freeze === undefined)) {
      if (this.running === 0) return copy()
      throw cannotFreeze(this.id)
    }
    await this.pause()
    try {
      return await copy()
    } finally {
      // whoever stops it meanwhile thaws it too
      if (this.is('paused')) await this.resume()
    }
  }

  async #remake(from: string | undefined): Promise<void> {
    this.checkThere('be made anew')
    const keeper = this.#keeper('reset')
    await this.end('killed')
    await this.#parts.isolated.remove()
    this.#parts.isolated.replace(await keeper.remake(from))
    this.#sealed = undefined
    this.#since.clear()
    this.standsAgain()
  }

  #remember(stored: StoredSnapshot): StoredSnapshot {
    this.#since.set(stored.id, stored)
    return stored
  }

  #shown({ id, name, parent, createdMs }: StoredSnapshot): Snapshot {
    const { store } = this.#keeper('snapshot')
    return Object.freeze({
      id,
      name,
      parent,
      createdAt: new Date(createdMs),
      from: `snapshot:${id}`,
      delete: () => store.delete(id),
    })
  }

  /** Why it has none. */
  protected noKeeper(what: string): CaissonError {
    return noStore(what)
  }

  /** @throws CaissonError ERR_UNSUPPORTED */
  #keeper(what: string): Keeper {
    const { keeper, isolated } = this.#parts
    if (keeper === undefined) throw this.noKeeper(what)
    if (isolated.copyWrites !== undefined && isolated.seal !== undefined) return keeper
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what,
      subject: this.id.slice(0, 12),
      field: 'isolation',
      why: 'its isolation driver has not the feature `snapshots`',
    })
  }

  /** One after another: what is right for the second depends on how the first ended. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work)
    this.#last = next.catch(() => {})
    return next
  }
}

const asFork: Taking = { name: undefined, live: 'freeze', transient: true }

async function* nothing(): AsyncGenerator<Change> {}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('nothing was made')
  return value
}

function cannotFreeze(id: string): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'snapshot',
    subject: id.slice(0, 12),
    field: 'live',
    why: 'commands run in it, and no limiter of this engine can freeze them',
    fix: "Wait for them, stop the container, add a limiter that can freeze, or pass `live: 'as-is'`.",
  })
}
