import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs'
import { join } from 'node:path'
import { invalidArgument } from '@caisson/core'
import { describeTree } from './describe-tree.js'
import { chainIdOf, digestNamed, parseDigest, recipeDiffId, type Digest } from './digest.js'
import { syncDirectory, writeSynced } from './durable.js'
import { writeManifest } from './layer-manifest.js'
import type {
  HeldLayers,
  Layer,
  LayerDraft,
  Layers,
  LayerStaging,
  UnknownLayerDraft,
} from './layers.js'
import { openTree } from './open-tree.js'
import { nonce } from './session.js'
import type { StoreContext } from './store-context.js'
import { asStoreError, errnoOf, storeError, throwIfAborted } from './store-error.js'
import { layerDirectory, stagingName } from './store-places.js'
import { treeBytes } from './tree-bytes.js'

const CHAIN_MAX = 500
/** Of one layer: all of it is read for its manifest, and what a container leaves is as large as it says. */
const CONTENT_MAX = 256 * 1024 ** 3

/** What is known of a layer before it is on the disk. */
type LayerFacts = Omit<Layer, 'diff' | 'createdMs' | 'bytes' | 'manifest'>

interface LayerPlan {
  readonly draft: LayerDraft
  readonly layer: LayerFacts
}

function planOf(draft: LayerDraft): LayerPlan {
  const { recipe } = draft
  const byRecipe = recipe !== undefined
  if (byRecipe === (draft.diffId !== undefined)) {
    throw invalidArgument({ field: 'recipe', why: 'give just one of `diffId` and `recipe`' })
  }
  const diffId = byRecipe ? recipeDiffId(recipe) : parseDigest(draft.diffId, 'diffId')
  const parent = draft.parent === undefined ? undefined : parseDigest(draft.parent, 'parent')
  const blob = draft.blob === undefined ? undefined : parseDigest(draft.blob, 'blob')
  return { draft, layer: { id: chainIdOf(diffId, parent), diffId, parent, recipe, blob } }
}

function optionalDigest(value: unknown): Digest | undefined {
  return value === undefined || value === null ? undefined : parseDigest(value)
}

/** The one implementation of `Layers`. */
export class LayerBook implements Layers {
  readonly #context: StoreContext
  readonly #publishing = new Map<Digest, Promise<Layer>>()
  /** How layers are filled that this process published, or would have, were they not there. */
  readonly #fills = new Map<Digest, LayerDraft['fill']>()

  constructor(context: StoreContext) {
    this.#context = context
  }

  get(id: Digest): Layer | undefined {
    const directory = layerDirectory(this.#context.places, parseDigest(id))
    let text: string
    try {
      text = readFileSync(join(directory, 'meta.json'), 'utf8')
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw asStoreError(error, id)
    }
    try {
      return Object.freeze(parseLayer(text, id, join(directory, 'diff')))
    } catch (cause) {
      throw storeError('ERR_STORE_DAMAGED', id, 'its meta.json is not what was written', { cause })
    }
  }

  list(): readonly Layer[] {
    return readdirSync(this.#context.places.layers).flatMap((name) => {
      const id = digestNamed(name)
      const layer = id === undefined ? undefined : this.get(id)
      return layer === undefined ? [] : [layer]
    })
  }

  /** The layer and those below it, topmost first; undefined when one is missing. */
  chain(id: Digest): readonly Layer[] | undefined {
    const chain: Layer[] = []
    for (let next: Digest | undefined = id; next !== undefined; next = chain.at(-1)?.parent) {
      const layer = this.get(next)
      if (layer === undefined || chain.length === CHAIN_MAX) return undefined
      chain.push(layer)
    }
    return chain
  }

  async hold(id: Digest): Promise<HeldLayers> {
    const { leases, uses } = this.#context
    const drop = await leases.hold([{ kind: 'layer', id: parseDigest(id) }])
    try {
      const chain = this.chain(id)
      if (chain === undefined) throw storeError('ERR_STORE_NOT_FOUND', id, 'no such layer')
      const leave = await uses.use(chain.map((layer) => layer.id))
      const release = (): void => {
        leave()
        drop()
      }
      return { lowers: chain.map(({ diff }) => diff), chain, release }
    } catch (error) {
      drop()
      throw error
    }
  }

  /** Fills a directory as the layer was filled; undefined where this process never was told how. */
  fillOf(id: Digest): LayerDraft['fill'] | undefined {
    return this.#fills.get(id)
  }

  async publish(draft: LayerDraft): Promise<Layer> {
    const plan = planOf(draft)
    const { id } = plan.layer
    throwIfAborted(draft.signal, 'publish')
    this.#fills.set(id, draft.fill)
    // those that come second share the work, and its failure
    const running = this.#publishing.get(id)
    if (running !== undefined) return running
    const publishing = this.#publish(plan).finally(() => this.#publishing.delete(id))
    this.#publishing.set(id, publishing)
    return publishing
  }

  async #publish({ layer, draft }: LayerPlan): Promise<Layer> {
    const { fill, signal } = draft
    const { id, parent } = layer
    await this.#lease(layer)
    const there = this.get(id)
    if (there !== undefined) return there
    this.#checkParent(parent)
    return this.#make(id, signal, async (place) => {
      await fill(place)
      return layer
    })
  }

  async publishUnknown(draft: UnknownLayerDraft): Promise<Layer> {
    const { fill, signal } = draft
    throwIfAborted(signal, 'publish')
    const parent = draft.parent === undefined ? undefined : parseDigest(draft.parent, 'parent')
    if (parent !== undefined) await this.#context.leases.hold([{ kind: 'layer', id: parent }])
    this.#checkParent(parent)
    return this.#make('unknown', signal, async (place) => {
      const found = await fill(place)
      const base = parent === undefined ? {} : { parent }
      const { layer } = planOf({ ...base, ...found, fill: async () => {} })
      await this.#lease(layer)
      return layer
    })
  }

  /** The layer too, before it is there: nothing refers to it yet when it appears. */
  async #lease({ id, parent, blob }: LayerFacts): Promise<void> {
    await this.#context.leases.hold([
      { kind: 'layer', id },
      ...(parent === undefined ? [] : [{ kind: 'layer' as const, id: parent }]),
      ...(blob === undefined ? [] : [{ kind: 'blob' as const, id: blob }]),
    ])
  }

  #checkParent(parent: Digest | undefined): void {
    if (parent !== undefined && this.chain(parent) === undefined)
      throw storeError('ERR_STORE_NOT_FOUND', parent, 'no such layer to lie upon')
  }

  /** @param fill says what it has made */
  async #make(
    subject: string,
    signal: AbortSignal | undefined,
    fill: (place: LayerStaging) => Promise<LayerFacts>,
  ): Promise<Layer> {
    const { places, remove, step } = this.#context
    const staging = join(places.layers, stagingName(this.#context.session.id, nonce()))
    try {
      step('publish:begin')
      mkdirSync(staging, { mode: 0o700 })
      step('publish:staged')
      mkdirSync(join(staging, 'diff'))
      chmodSync(join(staging, 'diff'), 0o755)
      const layer = await fill({ diff: join(staging, 'diff'), signal })
      throwIfAborted(signal, 'publish')
      step('publish:filled')
      // made by somebody else meanwhile, or not known to be there before
      if (this.get(layer.id) === undefined) await this.#commit(staging, layer, signal)
      else await remove(staging)
      const published = this.get(layer.id)
      if (published !== undefined) return published
      throw storeError('ERR_STORE_NOT_FOUND', layer.id, 'it vanished')
    } catch (error) {
      await remove(staging)
      throw asStoreError(error, subject)
    }
  }

  async #commit(
    staging: string,
    layer: LayerFacts,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { places, remove, step, sync } = this.#context
    const bytes = treeBytes(join(staging, 'diff'))
    // all of its files, before anything says that it is there; they are read while the disk is waited for
    const syncing = sync(staging)
    syncing.catch(() => {})
    const manifest = await this.#describe(staging, layer.id, signal)
    step('publish:manifest')
    await syncing
    step('publish:synced')
    const meta = { version: 1, ...layer, manifest, bytes, createdMs: Date.now() }
    writeSynced(join(staging, 'meta.json'), JSON.stringify(meta))
    syncDirectory(staging)
    step('publish:described')
    try {
      renameSync(staging, layerDirectory(places, layer.id))
    } catch (error) {
      if (!['EEXIST', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error
      // another process was first, with the same content
      await remove(staging)
    }
    step('publish:renamed')
    syncDirectory(places.layers)
    step('publish:done')
  }

  async #describe(
    staging: string,
    layer: Digest,
    signal: AbortSignal | undefined,
  ): Promise<Digest> {
    await using reader = await openTree(this.#context, join(staging, 'diff'), { details: true })
    const { ids, hasXattrs: xattrs } = reader
    const { entries, stamps } = await describeTree(reader, { signal, maxBytes: CONTENT_MAX })
    return writeManifest(staging, { layer, ids, xattrs, entries }, stamps)
  }
}

function parseLayer(text: string, id: Digest, diff: string): Layer {
  const meta: unknown = JSON.parse(text)
  if (typeof meta !== 'object' || meta === null) throw new Error('it is no object')
  const found: Readonly<Record<string, unknown>> = { ...meta }
  const { recipe, createdMs, bytes } = found
  const layer = {
    id,
    diffId: parseDigest(found['diffId']),
    parent: optionalDigest(found['parent']),
    recipe: typeof recipe === 'string' ? recipe : undefined,
    blob: optionalDigest(found['blob']),
    manifest: optionalDigest(found['manifest']),
    diff,
    createdMs: typeof createdMs === 'number' ? createdMs : 0,
    bytes: typeof bytes === 'number' ? bytes : 0,
  }
  if (chainIdOf(layer.diffId, layer.parent) !== id) throw new Error('it is of another layer')
  if (!existsSync(diff) || !lstatSync(diff).isDirectory()) throw new Error('it has no files')
  return layer
}
