import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, statfsSync } from 'node:fs'
import { isAbsolute, join, normalize } from 'node:path'
import {
  invalidArgument,
  namespaceInode,
  parseText,
  removeTree,
  type Collected,
  type CollectOptions,
  type StoreUsage,
} from '@caisson/core'
import { BlobStore } from './blob-store.js'
import { Collection } from './collect.js'
import type { Digest } from './digest.js'
import { readJson, replaceDurably } from './durable.js'
import { LayerBook } from './layer-book.js'
import type { LayerStore, LayerStoreOptions, LeaseOptions } from './layer-store.js'
import { LayerUses } from './layer-uses.js'
import type { Layer } from './layers.js'
import { LeaseBook, parseRoot, type Lease } from './lease.js'
import { RefBook } from './refs.js'
import { removeByLauncher } from './remove-tree.js'
import type { Repair, RepairOptions } from './repair.js'
import { Session } from './session.js'
import { SnapshotBook } from './snapshot-book.js'
import { isSnapshotId } from './snapshot-meta.js'
import { noStep, type Step } from './step.js'
import type { StoreContext } from './store-context.js'
import { asStoreError, errnoOf, storeError } from './store-error.js'
import { placesOf, type StorePlaces } from './store-places.js'
import { syncByTool } from './sync-file-system.js'
import { treeBytes } from './tree-bytes.js'
import type { Verification, VerifyOptions } from './verification.js'

const VERSION = 1
const INITIAL_USER_NAMESPACE = 4026531837

function makePrivate(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw storeError('ERR_STORE_DIR', path, errnoOf(error))
  }
  const stat = lstatSync(path)
  const why = !stat.isDirectory()
    ? 'it is not a directory'
    : stat.uid !== process.geteuid?.()
      ? `it belongs to user ${stat.uid}`
      : (stat.mode & 0o077) !== 0
        ? `others may enter it (mode ${(stat.mode & 0o777).toString(8)})`
        : undefined
  if (why !== undefined)
    throw storeError('ERR_STORE_DIR', path, why, { fix: `chmod 700 ${path}, owned by this user` })
}

/** trusted.* attributes are the host's root's alone. */
function marksOfThisProcess(): LayerStore['marks'] {
  const isHostRoot = process.geteuid?.() === 0 && namespaceInode('user') === INITIAL_USER_NAMESPACE
  return isHostRoot ? 'trusted' : 'user'
}

function checkVersion(places: StorePlaces): LayerStore['marks'] {
  const marks = marksOfThisProcess()
  const found = readJson(places.version)
  if (found === undefined) {
    replaceDurably(places.version, JSON.stringify({ version: VERSION, marks }))
    return marks
  }
  const is = typeof found === 'object' && found !== null ? { ...found } : {}
  const { version, marks: theirs }: { version?: unknown; marks?: unknown } = is
  const why =
    version !== VERSION
      ? `it has version ${String(version)}, this is ${VERSION}`
      : theirs !== marks
        ? `it was made where overlayfs keeps its marks in ${String(theirs)}.*, here it is ${marks}.*`
        : undefined
  if (why !== undefined) throw storeError('ERR_STORE_VERSION', places.root, why)
  return marks
}

function staged(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith('.'))
    .map((name) => join(directory, name))
}

/** Places that a container writes to, or wrote to. */
function written(snapshots: SnapshotBook, directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => isSnapshotId(name) && snapshots.meta(name)?.kind === 'active')
    .map((name) => join(directory, name))
}

function total(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + treeBytes(path), 0)
}

class OpenStore implements LayerStore {
  readonly directory: string
  readonly marks: LayerStore['marks']
  readonly blobs: BlobStore
  readonly layers: LayerBook
  readonly refs: RefBook
  readonly snapshots: SnapshotBook
  readonly #context: StoreContext

  constructor(context: StoreContext, marks: LayerStore['marks']) {
    this.#context = context
    this.directory = context.places.root
    this.marks = marks
    this.blobs = new BlobStore(context)
    this.layers = new LayerBook(context)
    this.refs = new RefBook(context)
    this.snapshots = new SnapshotBook(context, {
      layers: this.layers,
      refs: this.refs,
      collect: (options) => this.collect(options),
      usage: () => this.usage(),
    })
  }

  async lease(options: LeaseOptions = {}): Promise<Lease> {
    const { roots = [], expiresMs } = options
    const checked = roots.map((root, index) => parseRoot(root, `roots[${index}]`))
    if (expiresMs !== undefined && !(Number.isFinite(expiresMs) && expiresMs > 0))
      throw invalidArgument({ field: 'expiresMs', why: 'must be a number above 0' })
    return this.#context.leases.open(checked, expiresMs)
  }

  async collect(options: CollectOptions = {}): Promise<Collected> {
    const { blobs, layers, refs, snapshots } = this
    try {
      const parts = { blobs, layers, refs, snapshots }
      return await new Collection(this.#context, parts).run(options)
    } catch (error) {
      throw asStoreError(error, this.directory)
    }
  }

  async verify(layer: Digest, options: VerifyOptions = {}): Promise<Verification> {
    // what few programs do is loaded when they do it
    const { verifyLayer } = await import('./verify-layer.js')
    return verifyLayer(this.#context, this.#found(layer), options)
  }

  async repair(layer: Digest, options: RepairOptions = {}): Promise<Repair> {
    const { timeoutMs = 0 } = options
    if (!(Number.isFinite(timeoutMs) && timeoutMs >= 0))
      throw invalidArgument({ field: 'timeoutMs', why: 'must be a number, 0 or more' })
    const found = this.#found(layer)
    const parts = { blobs: this.blobs, fill: this.layers.fillOf(found.id) }
    const { repairLayer } = await import('./repair-layer.js')
    return repairLayer(this.#context, found, parts, options)
  }

  async usage(): Promise<StoreUsage> {
    const { places } = this.#context
    const [newLayers, newSnapshots] = [staged(places.layers), staged(places.snapshots)]
    const waiting = [places.ingest, places.trash].flatMap((path) =>
      readdirSync(path).map((name) => join(path, name)),
    )
    const unfinished = [...newLayers, ...newSnapshots, ...waiting]
    const layerBytes = treeBytes(places.layers) - total(newLayers)
    const writes = written(this.snapshots, places.snapshots)
    const writtenBytes = total(writes)
    const snapshotBytes = treeBytes(places.snapshots) - total(newSnapshots) - writtenBytes
    const disk = statfsSync(places.root)
    return {
      blobs: { count: this.blobs.list().length, bytes: treeBytes(places.blobs) },
      layers: { count: this.layers.list().length, bytes: layerBytes },
      snapshots: { count: this.snapshots.list().length, bytes: snapshotBytes },
      writes: { count: writes.length, bytes: writtenBytes },
      unfinished: { count: unfinished.length, bytes: total(unfinished) },
      bytes: treeBytes(places.root),
      freeBytes: disk.bavail * disk.bsize,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.snapshots.close()
    this.#context.uses.close()
    this.#context.leases.close()
    this.#context.session.close()
  }

  /** @throws TypeError ERR_INVALID_SPEC; CaissonError ERR_STORE_NOT_FOUND */
  #found(id: Digest): Layer {
    const layer = this.layers.get(id)
    if (layer === undefined) throw storeError('ERR_STORE_NOT_FOUND', id, 'no such layer')
    return layer
  }
}

/** As `openLayerStore`, with the place where tests end the process. */
export async function openWithSteps(options: LayerStoreOptions, step: Step): Promise<LayerStore> {
  const given = parseText(options.directory, 'directory', { maxBytes: 3000 })
  if (!isAbsolute(given)) throw invalidArgument({ field: 'directory', why: 'must be absolute' })
  const places = placesOf(normalize(given).replace(/(?<=.)\/$/, ''))
  makePrivate(places.root)
  const marks = checkVersion(places)
  const { sessions, leases, refs, blobs, ingest, layers, snapshots, trash } = places
  for (const path of [sessions, leases, refs, blobs, ingest, layers, snapshots, trash])
    makePrivate(path)
  closeSync(openSync(places.lock, 'a', 0o600))
  const session = await Session.open(places)
  const context: StoreContext = {
    places,
    session,
    leases: new LeaseBook(places, session),
    uses: new LayerUses(places, session),
    launcher: options.launcher,
    step,
    sync: options.sync === false ? async () => {} : syncByTool,
    remove: options.launcher === undefined ? removeTree : removeByLauncher(options.launcher),
    merge: options.launcher?.merge?.bind(options.launcher),
  }
  return new OpenStore(context, marks)
}

/**
 * Opens a store, and makes it when it is not there.
 * @throws TypeError ERR_INVALID_SPEC; CaissonError ERR_STORE_DIR, ERR_STORE_VERSION, ERR_TOOL_MISSING (flock, sync)
 */
export function openLayerStore(options: LayerStoreOptions): Promise<LayerStore> {
  return openWithSteps(options, noStep)
}
