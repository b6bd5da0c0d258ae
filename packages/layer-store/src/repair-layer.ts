import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DirectoryJail } from '@caisson/core'
import type { BlobStore } from './blob-store.js'
import { compareSuspects, withoutEchoes, type Compared } from './compare-tree.js'
import { ContentStage } from './content-stage.js'
import { FileLock } from './file-lock.js'
import { gatherContent, type Gathered } from './gather-content.js'
import { readManifest, replaceStamps, type KnownLayer } from './layer-manifest.js'
import { usersOf } from './layer-uses.js'
import type { Layer, LayerDraft } from './layers.js'
import { planMending, TreeMender, type MendPlan } from './mend-tree.js'
import { checkIds, jailOf, openTree } from './open-tree.js'
import type { Repair, RepairOptions } from './repair.js'
import { nonce } from './session.js'
import type { StoreContext } from './store-context.js'
import { storeError, throwIfAborted } from './store-error.js'
import { layerDirectory, stagingName } from './store-places.js'
import type { TreeReader } from './tree-reader.js'
import { compareKnown, reported } from './verify-layer.js'

const TIMEOUT_MS = 10_000
/** As many are named in a message. */
const NAMED = 5

/** What a repair works with. */
export interface RepairParts {
  readonly blobs: BlobStore
  /** How this process fills the layer, if it was told. */
  readonly fill: LayerDraft['fill'] | undefined
}

async function serve(context: StoreContext, layer: Layer): Promise<DirectoryJail> {
  const jail = await jailOf(context, layer.diff)
  if (jail !== undefined) return jail
  const why = 'what is in a root is written through a launcher alone, and this store has none'
  throw storeError('ERR_UNSUPPORTED', 'repair', why, { fix: 'Open the store with `launcher`.' })
}

/** @throws CaissonError ERR_STORE_BUSY, naming who uses it */
async function lockAlone(
  { places, session }: StoreContext,
  { id }: Layer,
  { timeoutMs = TIMEOUT_MS, signal, onProgress }: RepairOptions,
): Promise<FileLock> {
  const path = layerDirectory(places, id)
  const at = { mode: 'exclusive', signal } as const
  const free = await FileLock.take(path, at)
  if (free !== undefined) return free
  if (timeoutMs > 0) {
    onProgress?.({ phase: 'wait', done: 0, total: 0 })
    const lock = await FileLock.take(path, { ...at, timeoutMs })
    if (lock !== undefined) return lock
  }
  const users = await usersOf(places, session, id)
  const who = users.length === 0 ? 'another process' : users.join(' and ')
  const why = `${who} has it mounted, or mends it`
  throw storeError('ERR_STORE_BUSY', id, why, { retryable: true })
}

/** One repair, under the layer's lock. */
class Repairing {
  readonly #context: StoreContext
  readonly #layer: Layer
  readonly #known: KnownLayer
  readonly #parts: RepairParts
  readonly #options: RepairOptions

  constructor(
    context: StoreContext,
    layer: Layer,
    known: KnownLayer,
    parts: RepairParts,
    options: RepairOptions,
  ) {
    this.#context = context
    this.#layer = layer
    this.#known = known
    this.#parts = parts
    this.#options = options
  }

  async run(): Promise<Repair> {
    const { step } = this.#context
    step('repair:locked')
    await using jail = await serve(this.#context, this.#layer)
    await using reader = await openTree(this.#context, this.#layer.diff, { details: true })
    checkIds(this.#known.manifest.ids, reader, this.#layer.id)
    const before = await this.#check(reader)
    step('repair:checked')
    const gathered = await this.#mend(jail, reader, before)
    this.#options.onProgress?.({ phase: 'confirm', done: 0, total: 0 })
    const { manifest, digest } = this.#known
    await this.#context.sync(this.#layer.diff)
    step('repair:synced')
    const after = await compareSuspects(manifest, reader, before.stamps, this.#options.signal)
    const directory = join(this.#layer.diff, '..')
    // a collection removes drafts, of which this makes one
    await this.#context.session.shared(() => replaceStamps(directory, digest, after.stamps))
    step('repair:stamped')
    if (after.differences.length > 0) throw this.#left(after, gathered)
    const mended = withoutEchoes(before.differences).map(reported)
    return { layer: this.#layer.id, mended, contents: gathered.contents }
  }

  #check(reader: TreeReader): Promise<Compared> {
    const { signal, onProgress } = this.#options
    const { manifest, stamps } = this.#known
    if (this.#options.deep === false && stamps !== undefined)
      return compareSuspects(manifest, reader, stamps, signal)
    return compareKnown(this.#known, reader, {
      deep: true,
      signal,
      onProgress: ({ bytes, totalBytes }) =>
        onProgress?.({ phase: 'check', done: bytes, total: totalBytes }),
    })
  }

  async #mend(jail: DirectoryJail, reader: TreeReader, before: Compared): Promise<Gathered> {
    const { places, session, remove, step } = this.#context
    const { signal, onProgress } = this.#options
    const { manifest } = this.#known
    const plan = planMending(manifest, before.differences)
    const directory = join(places.layers, stagingName(session.id, nonce()))
    mkdirSync(directory, { mode: 0o700 })
    try {
      const { stage, gathered } = await this.#gather(reader, before, plan, directory)
      step('repair:gathered')
      const total = plan.removed.length + plan.made.length
      const told = (done: number): void => onProgress?.({ phase: 'mend', done, total })
      await new TreeMender(jail, stage, step).mend(manifest, plan, { signal, told })
      return gathered
    } finally {
      await remove(directory)
    }
  }

  async #gather(reader: TreeReader, before: Compared, plan: MendPlan, directory: string) {
    const { manifest } = this.#known
    const { source, signal, onProgress } = this.#options
    const { blobs, fill } = this.#parts
    const damaged = plan.made.filter(({ digest, size }) => digest !== undefined && size > 0)
    const wanted = new Map(damaged.map(({ digest = '', size }) => [digest, size]))
    const spoilt = new Set(
      before.differences.filter(({ kind }) => kind !== 'attributes').map(({ path }) => path),
    )
    const intact = manifest.entries.filter(({ path }) => !spoilt.has(path))
    const stage = new ContentStage(join(directory, 'contents'), wanted)
    const { blob } = this.#layer
    const sources = { layer: reader, intact, blobs, blob, fill: source ?? fill, damaged }
    const wants = { signal, onProgress }
    const gathered = await gatherContent(this.#context, stage, sources, directory, wants)
    return { stage, gathered }
  }

  #left({ differences }: Compared, { failures }: Gathered): Error {
    const names = differences.slice(0, NAMED).map(({ path, kind }) => {
      const name = Buffer.from(path, 'latin1').toString()
      return `${name === '' ? '.' : name} (${kind})`
    })
    const more = differences.length - names.length
    const list = `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
    const why = `neither the layer, its blob nor a source had what it takes; left: ${list}`
    const fix = 'Give `source`, which fills a directory as the layer was filled.'
    const cause =
      failures.length > 1 ? new AggregateError(failures, 'of places to look') : failures[0]
    return storeError('ERR_STORE_DAMAGED', this.#layer.id, why, { fix, cause })
  }
}

/**
 * Restores what of a layer is not as it was published.
 * @throws CaissonError ERR_STORE_BUSY, ERR_STORE_NO_MANIFEST, ERR_STORE_DAMAGED, ERR_STORE_SPACE, ERR_STORE_IO,
 * ERR_UNSUPPORTED, ERR_ABORTED
 */
export async function repairLayer(
  context: StoreContext,
  layer: Layer,
  parts: RepairParts,
  options: RepairOptions,
): Promise<Repair> {
  throwIfAborted(options.signal, 'repair')
  const known = readManifest(layer)
  const release = await context.leases.hold([{ kind: 'layer', id: layer.id }])
  try {
    const lock = await lockAlone(context, layer, options)
    try {
      return await new Repairing(context, layer, known, parts, options).run()
    } finally {
      lock.release()
    }
  } finally {
    release()
  }
}
