import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suppress, type Collected, type CollectOptions } from '@caisson/core'
import type { BlobStore } from './blob-store.js'
import { digestNamed, type Digest } from './digest.js'
import { isDraft, readJson } from './durable.js'
import { FileLock } from './file-lock.js'
import type { LayerBook } from './layer-book.js'
import type { StoreRoot } from './lease.js'
import type { RefBook } from './refs.js'
import { isSessionAlive, nonce } from './session.js'
import type { SnapshotBook } from './snapshot-book.js'
import { isSnapshotId, layersOf } from './snapshot-meta.js'
import type { StoreContext } from './store-context.js'
import { errnoOf, storeError } from './store-error.js'
import { stagingSession } from './store-places.js'
import { treeBytes } from './tree-bytes.js'

/** The parts of a store that a collection looks at. */
export interface StoreParts {
  readonly blobs: BlobStore
  readonly layers: LayerBook
  readonly refs: RefBook
  readonly snapshots: SnapshotBook
}

const TIMEOUT_MS = 10_000
/** What was downloaded of a blob stays as long for whoever goes on with it. */
const INGEST_KEPT_MS = 24 * 60 * 60 * 1000

/** What an engine that was killed was trying out; one that lives needs milliseconds for it. */
const PROBE = '.caisson-probe-'
const PROBE_MS = 60_000

function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY
}

type Counts = { -readonly [K in keyof Omit<Collected, 'bytes'>]: number }

/** Nothing of what its owner gives back meanwhile. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Mark and sweep: dead things move to the trash under the exclusive lock, and are deleted without it. */
export class Collection {
  readonly #context: StoreContext
  readonly #parts: StoreParts
  readonly #counts: Counts = { blobs: 0, layers: 0, snapshots: 0, unfinished: 0 }
  readonly #blobs = new Set<string>()
  readonly #layers = new Set<string>()
  readonly #snapshots = new Set<string>()
  /** Those that were there before anything was marked: a place for writes is begun without the lock, also meanwhile. */
  #candidates: readonly string[] = []

  constructor(context: StoreContext, parts: StoreParts) {
    this.#context = context
    this.#parts = parts
  }

  /** @throws CaissonError ERR_STORE_LOCKED, ERR_STORE_DAMAGED, ERR_STORE_IO, ERR_ABORTED */
  async run({
    timeoutMs = TIMEOUT_MS,
    olderThanMs = 0,
    signal,
  }: CollectOptions): Promise<Collected> {
    const { places, leases, step } = this.#context
    leases.trim()
    const lock = await FileLock.take(places.lock, { mode: 'exclusive', timeoutMs, signal })
    if (lock === undefined) {
      const why = `others were using it for ${timeoutMs} ms`
      throw storeError('ERR_STORE_LOCKED', places.root, why, { retryable: true })
    }
    try {
      step('gc:locked')
      this.#parts.refs.check()
      await this.#sweepUnfinished()
      step('gc:unfinished')
      await this.#mark()
      if (olderThanMs > 0) this.#markRecent(Date.now() - olderThanMs)
      step('gc:marked')
      this.#sweep()
      step('gc:swept')
    } finally {
      lock.release()
    }
    return { ...this.#counts, bytes: await this.#empty() }
  }

  async #mark(): Promise<void> {
    const { refs, snapshots } = this.#parts
    this.#candidates = this.#snapshotIds()
    for (const root of await this.#context.leases.sweep()) this.#keep(root)
    for (const { root } of refs.list()) this.#keep(root)
    for (const id of this.#candidates) {
      const meta = snapshots.meta(id)
      const isLive = meta?.kind === 'kept' || (meta?.kind === 'active' && (await this.#isUsed(id)))
      if (isLive) this.#keep({ kind: 'snapshot', id })
    }
  }

  /** What was made or changed after that. */
  #markRecent(afterMs: number): void {
    const { places } = this.#context
    const isRecent = (...path: readonly string[]): boolean =>
      (statSync(join(...path), { throwIfNoEntry: false })?.mtimeMs ?? 0) > afterMs
    for (const id of this.#snapshotIds())
      if (isRecent(places.snapshots, id, 'meta.json')) this.#keep({ kind: 'snapshot', id })
    for (const name of readdirSync(places.layers)) {
      const id = digestNamed(name)
      if (id !== undefined && isRecent(places.layers, name, 'meta.json'))
        this.#keep({ kind: 'layer', id })
    }
    for (const name of readdirSync(places.blobs)) {
      const id = digestNamed(name)
      if (id !== undefined && isRecent(places.blobs, name)) this.#keep({ kind: 'blob', id })
    }
  }

  #keep(root: StoreRoot): void {
    if (root.kind === 'blob') this.#blobs.add(root.id)
    else if (root.kind === 'layer') this.#keepLayer(root.id)
    else this.#keepSnapshot(root.id)
  }

  #keepLayer(id: Digest): void {
    for (let next: Digest | undefined = id; next !== undefined && !this.#layers.has(next);) {
      this.#layers.add(next)
      const layer = this.#parts.layers.get(next)
      if (layer?.blob !== undefined) this.#blobs.add(layer.blob)
      next = layer?.parent
    }
  }

  #keepSnapshot(id: string): void {
    for (let next: string | undefined = id; next !== undefined && !this.#snapshots.has(next);) {
      this.#snapshots.add(next)
      const meta = this.#parts.snapshots.meta(next)
      if (meta !== undefined)
        for (const layer of layersOf(this.#context.places, meta.base)) this.#keepLayer(layer)
      next = meta?.parent
    }
  }

  /** A place for writes: as long as it is mounted, or its maker lives. */
  async #isUsed(id: string): Promise<boolean> {
    const { places } = this.#context
    const meta = this.#parts.snapshots.meta(id)
    if (meta !== undefined && (await isSessionAlive(places, meta.session))) return true
    const lock = await FileLock.take(join(places.snapshots, id), { mode: 'exclusive' })
    lock?.release()
    return lock === undefined
  }

  #snapshotIds(): readonly string[] {
    return readdirSync(this.#context.places.snapshots).filter(isSnapshotId)
  }

  #sweep(): void {
    const { places, step } = this.#context
    for (const id of this.#candidates)
      if (!this.#snapshots.has(id)) this.#discard(join(places.snapshots, id), 'snapshots')
    step('gc:snapshots')
    for (const name of readdirSync(places.layers)) {
      const id = digestNamed(name)
      if (id !== undefined && !this.#layers.has(id))
        this.#discard(join(places.layers, name), 'layers')
    }
    step('gc:layers')
    for (const name of readdirSync(places.blobs)) {
      const id = digestNamed(name)
      if (id !== undefined && !this.#blobs.has(id)) this.#discard(join(places.blobs, name), 'blobs')
    }
  }

  async #sweepUnfinished(): Promise<void> {
    const { places } = this.#context
    for (const name of readdirSync(places.sessions)) await isSessionAlive(places, name)
    for (const directory of [places.layers, places.snapshots]) {
      for (const name of readdirSync(directory)) {
        const session = stagingSession(name)
        if (session !== undefined && !(await isSessionAlive(places, session)))
          this.#discard(join(directory, name), 'unfinished')
      }
    }
    for (const name of readdirSync(places.root)) {
      const path = join(places.root, name)
      if (name.startsWith(PROBE) && changedMs(path) < Date.now() - PROBE_MS)
        this.#discard(path, 'unfinished')
    }
    for (const name of readdirSync(places.ingest))
      await this.#sweepIngest(join(places.ingest, name))
    const described = [
      ...this.#snapshotIds().map((id) => join(places.snapshots, id)),
      ...readdirSync(places.layers)
        .filter((name) => digestNamed(name) !== undefined)
        .map((name) => join(places.layers, name)),
    ]
    for (const directory of [places.refs, places.root, ...described])
      for (const name of namesIn(directory))
        if (isDraft(name)) rmSync(join(directory, name), { force: true })
  }

  async #sweepIngest(path: string): Promise<void> {
    const lock = await FileLock.take(path, { mode: 'exclusive' })
    if (lock === undefined) return
    const expected = readJson(join(path, 'ref.json'))
    const ref =
      typeof expected === 'object' && expected !== null && 'ref' in expected ? expected.ref : ''
    const data = statSync(join(path, 'data'), { throwIfNoEntry: false })
    const isOld = (data?.mtimeMs ?? 0) < Date.now() - INGEST_KEPT_MS
    // a stream that broke off cannot be gone on with
    const isUseless = typeof ref !== 'string' || ref === '' || ref.startsWith('stream ')
    if (isOld || isUseless) this.#discard(path, 'unfinished')
    lock.release()
  }

  #discard(path: string, kind: keyof Counts): void {
    this.#context.step(`gc:discard-${kind}`)
    try {
      renameSync(path, join(this.#context.places.trash, nonce()))
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return
      throw error
    }
    this.#counts[kind]++
  }

  /** What a collection that was killed had moved goes too. What cannot be removed keeps nothing else from it. */
  async #empty(): Promise<number> {
    const { places, remove, step } = this.#context
    const failures: unknown[] = []
    let bytes = 0
    for (const name of readdirSync(places.trash)) {
      const path = join(places.trash, name)
      const size = treeBytes(path)
      step('gc:delete')
      try {
        await remove(path)
        bytes += size
      } catch (error) {
        failures.push(error)
      }
    }
    const [first, ...more] = failures
    if (first === undefined) return bytes
    const why = `${failures.length} of what was discarded cannot be deleted`
    suppress(first, more)
    throw storeError('ERR_STORE_IO', places.trash, why, { cause: first })
  }
}
