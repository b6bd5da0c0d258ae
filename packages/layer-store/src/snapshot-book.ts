import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  invalidArgument,
  parseText,
  type ActiveSnapshot,
  type Collected,
  type CollectOptions,
  type HeldSnapshot,
  type KeepOptions,
  type RootPart,
  type SnapshotOrigin,
  type StoredSnapshot,
  type StoreUsage,
} from '@caisson/core'
import { replaceDurably, syncDirectory, writeSynced } from './durable.js'
import type { StoreRoot } from './lease.js'
import { commitSnapshot, type CommitParts } from './commit-snapshot.js'
import { nonce } from './session.js'
import { isSnapshotId, layersOf, readSnapshotMeta, type SnapshotMeta } from './snapshot-meta.js'
import type { Snapshots } from './snapshots.js'
import type { StoreContext } from './store-context.js'
import { asStoreError, errnoOf, storeError } from './store-error.js'
import { stagingName } from './store-places.js'
import { LEVELS_MAX, squash, tooDeep, uppersOf } from './squash.js'

const DEPTH_MAX = 500

function checkId(id: unknown): string {
  if (isSnapshotId(id)) return id
  const why = 'must be 32 hexadecimal digits'
  throw invalidArgument({ field: 'id', subject: String(id).slice(0, 80), why })
}

function checkName(options: KeepOptions): string | undefined {
  if (options.name === undefined) return undefined
  return parseText(options.name, 'name', { maxBytes: 255 })
}

/** What snapshots need of the rest of their store. */
export interface SnapshotBookParts extends CommitParts {
  readonly collect: Snapshots['collect']
  readonly usage: Snapshots['usage']
}

/** The one implementation of `Snapshots`. */
export class SnapshotBook implements Snapshots {
  readonly #context: StoreContext
  /** What places and snapshots of this process hold: themselves, and what they lie upon. */
  readonly #holds = new Map<string, () => void>()

  readonly #parts: SnapshotBookParts

  constructor(context: StoreContext, parts: SnapshotBookParts) {
    this.#context = context
    this.#parts = parts
  }

  get directory(): string {
    return this.#context.places.root
  }

  /** Where a snapshot lies. */
  #directoryOf(id: string): string {
    return join(this.#context.places.snapshots, checkId(id))
  }

  /** What is known of one, of whatever kind. */
  meta(id: string): SnapshotMeta | undefined {
    return readSnapshotMeta(this.#directoryOf(id), id)
  }

  async begin(origin: SnapshotOrigin): Promise<ActiveSnapshot> {
    const id = randomBytes(16).toString('hex')
    // itself needs no lease: it is in use as long as this process lives, or its launcher
    const release = await this.#holdOrigin(origin)
    try {
      this.#make(id, origin)
    } catch (error) {
      release()
      throw asStoreError(error, id)
    }
    this.#holds.set(id, release)
    return { id, directory: this.#directoryOf(id) }
  }

  async keep(id: string, options: KeepOptions = {}): Promise<StoredSnapshot> {
    const name = checkName(options)
    const meta = this.meta(id)
    if (meta?.kind !== 'active')
      throw storeError('ERR_STORE_NOT_FOUND', id, 'no place for writes of that id')
    this.#checkOutlives(meta)
    const { leases, step, sync } = this.#context
    if (this.#mustSquash(meta)) return this.#keepSquashed(meta, options)
    step('keep:begin')
    const [below, release] = [this.#holds.get(id), await leases.hold([{ kind: 'snapshot', id }])]
    this.#holds.set(id, () => {
      release()
      below?.()
    })
    if (options.transient === true) {
      this.#rewriteQuickly({ ...meta, kind: 'deleted', name })
    } else {
      await sync(this.#directoryOf(id))
      step('keep:synced')
      await this.#rewrite({ ...meta, kind: 'kept', name })
    }
    step('keep:done')
    return this.#stored(id)
  }

  add(
    origin: SnapshotOrigin,
    fill: (directory: string) => Promise<void>,
    options: KeepOptions = {},
  ): Promise<StoredSnapshot> {
    return this.#add(origin, fill, options)
  }

  /** @param fill what fills it, or a directory that stays as it is and whose copy it is to be */
  async #add(
    asked: SnapshotOrigin,
    fill: ((directory: string) => Promise<void>) | string,
    options: KeepOptions,
  ): Promise<StoredSnapshot> {
    const { places, remove, session, step, sync } = this.#context
    const name = checkName(options)
    const kind = options.transient === true ? 'deleted' : 'kept'
    this.#checkOutlives(asked)
    const id = randomBytes(16).toString('hex')
    const release = await this.#holdOrigin(asked, id)
    const staging = join(places.snapshots, stagingName(session.id, nonce()))
    const isDeep = this.#mustSquash(asked)
    const origin = isDeep ? { base: asked.base } : asked
    try {
      step('snapshot:begin')
      mkdirSync(staging, { mode: 0o700 })
      step('snapshot:staged')
      if (isDeep || typeof fill === 'string') await this.#fillSquashed(asked, fill, staging)
      else await fill(staging)
      step('snapshot:filled')
      if (kind === 'kept') await sync(staging)
      step('snapshot:synced')
      writeSynced(join(staging, 'meta.json'), this.#format(id, origin, kind, name))
      syncDirectory(staging)
      step('snapshot:described')
      renameSync(staging, this.#directoryOf(id))
      step('snapshot:renamed')
      syncDirectory(places.snapshots)
      step('snapshot:done')
      this.#holds.set(id, isDeep ? await this.#holdOrigin(origin, id) : release)
      if (isDeep) release()
    } catch (error) {
      release()
      await remove(staging)
      throw asStoreError(error, id)
    }
    return this.#stored(id)
  }

  get(id: string): StoredSnapshot | undefined {
    return this.meta(id)?.kind === 'kept' ? this.#stored(id) : undefined
  }

  list(): readonly StoredSnapshot[] {
    return readdirSync(this.#context.places.snapshots).flatMap((name) => {
      const found = isSnapshotId(name) ? this.get(name) : undefined
      return found === undefined ? [] : [found]
    })
  }

  async hold(id: string): Promise<HeldSnapshot> {
    const { leases, places, uses } = this.#context
    const drop = await leases.hold([{ kind: 'snapshot', id: checkId(id) }])
    try {
      const chain = this.#chain(id)
      const [first] = chain
      if (first === undefined) throw storeError('ERR_STORE_NOT_FOUND', id, 'no such snapshot')
      const leave = await uses.use(layersOf(places, first.base))
      const release = (): void => {
        leave()
        drop()
      }
      const parts = first.base.parts.map((part, index) => this.#part(part, index, chain))
      return { snapshot: this.#stored(id), parts, depth: chain.length, release }
    } catch (error) {
      drop()
      throw error
    }
  }

  async delete(id: string): Promise<void> {
    const meta = this.meta(id)
    if (meta?.kind !== 'kept') return
    await this.#rewrite({ ...meta, kind: 'deleted' })
  }

  async discard(id: string): Promise<void> {
    const { places, remove } = this.#context
    const kind = this.meta(id)?.kind
    this.#letGo(id)
    if (kind !== 'active') return
    const away = join(places.trash, nonce())
    try {
      renameSync(this.#directoryOf(id), away)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return
      throw asStoreError(error, id)
    }
    await remove(away)
  }

  async commit(id: string, name: string): Promise<string | undefined> {
    const release = await this.#context.leases.hold([{ kind: 'snapshot', id: checkId(id) }])
    try {
      const chain = this.#chain(id)
      const directories = chain.map((one) => this.#directoryOf(one.id))
      return await commitSnapshot(this.#context, this.#parts, chain[0], directories, name)
    } finally {
      release()
    }
  }

  collect(options?: CollectOptions): Promise<Collected> {
    return this.#parts.collect(options)
  }

  usage(): Promise<StoreUsage> {
    return this.#parts.usage()
  }

  /** Gives up what this process holds. */
  close(): void {
    for (const release of this.#holds.values()) release()
    this.#holds.clear()
  }

  #mustSquash({ parent }: SnapshotOrigin): boolean {
    if (parent === undefined || this.#context.merge === undefined) return false
    return this.#chain(parent).length >= LEVELS_MAX
  }

  /** What its place holds, it holds, too: until the place is discarded. */
  async #keepSquashed(meta: SnapshotMeta, options: KeepOptions): Promise<StoredSnapshot> {
    const stored = await this.#add(meta, this.#directoryOf(meta.id), options)
    const [below, own] = [this.#holds.get(meta.id), this.#holds.get(stored.id)]
    this.#holds.delete(stored.id)
    this.#holds.set(meta.id, () => {
      own?.()
      below?.()
    })
    return stored
  }

  /** Fills it with what lies uppermost and all the snapshots below. */
  async #fillSquashed(
    { base, parent = '' }: SnapshotOrigin,
    fill: ((directory: string) => Promise<void>) | string,
    to: string,
  ): Promise<void> {
    const { merge, remove, step } = this.#context
    if (merge === undefined) return
    const top = typeof fill === 'string' ? fill : join(to, 'top')
    if (typeof fill !== 'string') {
      mkdirSync(top, { mode: 0o700 })
      await fill(top)
      step('squash:filled')
    }
    const chain = this.#chain(parent).map(({ id }) => this.#directoryOf(id))
    await squash(merge, [top, ...chain], base.parts, to)
    step('squash:merged')
    if (top !== fill) await remove(top)
  }

  // of no use after a crash of any kind: nothing to wait for, and no draft that another could mistake for garbage
  #rewriteQuickly(meta: SnapshotMeta): void {
    const path = join(this.#directoryOf(meta.id), 'meta.json')
    writeFileSync(`${path}.draft`, JSON.stringify(meta), { mode: 0o600 })
    renameSync(`${path}.draft`, path)
  }

  /** @throws CaissonError ERR_UNSUPPORTED when what it lies upon goes with its provider */
  #checkOutlives({ base }: SnapshotOrigin): void {
    const { places } = this.#context
    if (base.durable === true) return
    const foreign = base.parts
      .flatMap(({ lowers }) => lowers)
      .find((path) => !path.startsWith(`${places.layers}/`))
    if (foreign === undefined) return
    throw storeError('ERR_UNSUPPORTED', base.key, 'its provider lends it to this process alone')
  }

  async #rewrite(meta: SnapshotMeta): Promise<void> {
    const path = join(this.#directoryOf(meta.id), 'meta.json')
    await this.#context.session.shared(() => replaceDurably(path, JSON.stringify(meta)))
  }

  #letGo(id: string): void {
    this.#holds.get(id)?.()
    this.#holds.delete(id)
  }

  // made beside its name: what has a name has a meta.json
  #make(id: string, origin: SnapshotOrigin): void {
    const { places, session, step } = this.#context
    const staging = join(places.snapshots, stagingName(session.id, nonce()))
    step('begin:begin')
    mkdirSync(staging, { mode: 0o700 })
    step('begin:staged')
    const meta = this.#format(id, origin, 'active', undefined)
    writeFileSync(join(staging, 'meta.json'), meta, { mode: 0o600 })
    renameSync(staging, this.#directoryOf(id))
    step('begin:done')
  }

  #format(
    id: string,
    { base, parent }: SnapshotOrigin,
    kind: SnapshotMeta['kind'],
    name: string | undefined,
  ): string {
    const { key, parts, extras, masked, durable } = base
    const session = this.#context.session.id
    const createdMs = Date.now()
    const all = { key, parts, extras, masked, durable }
    return JSON.stringify({ id, kind, session, name, createdMs, parent, base: all })
  }

  /** What it lies upon, and, if it is named, itself, from before its first moment. */
  async #holdOrigin({ base, parent }: SnapshotOrigin, id?: string): Promise<() => void> {
    const layers = layersOf(this.#context.places, base)
    const roots: StoreRoot[] = layers.map((layer) => ({ kind: 'layer' as const, id: layer }))
    if (id !== undefined) roots.push({ kind: 'snapshot', id })
    if (parent !== undefined) roots.push({ kind: 'snapshot', id: checkId(parent) })
    const release = roots.length === 0 ? (): void => {} : await this.#context.leases.hold(roots)
    if (parent === undefined || this.#chain(parent).length > 0) return release
    release()
    throw storeError('ERR_STORE_NOT_FOUND', parent, 'no such snapshot to lie upon')
  }

  /** The snapshot and those below it, topmost first; empty when one is missing. */
  #chain(id: string): readonly SnapshotMeta[] {
    const chain: SnapshotMeta[] = []
    for (let next: string | undefined = id; next !== undefined; next = chain.at(-1)?.parent) {
      const meta = this.meta(next)
      if (meta === undefined || meta.kind === 'active') return []
      if (chain.length === DEPTH_MAX) throw tooDeep(id, DEPTH_MAX)
      chain.push(meta)
    }
    return chain
  }

  #part(part: RootPart, index: number, chain: readonly SnapshotMeta[]): RootPart {
    const directories = chain.map(({ id }) => this.#directoryOf(id))
    return { at: part.at, lowers: [...uppersOf(directories, index), ...part.lowers] }
  }

  #stored(id: string): StoredSnapshot {
    const meta = this.meta(id)
    if (meta === undefined) throw storeError('ERR_STORE_NOT_FOUND', id, 'no such snapshot')
    const { name, createdMs, parent, base } = meta
    return Object.freeze({ id, name, createdMs, parent, base, directory: this.#directoryOf(id) })
  }
}
