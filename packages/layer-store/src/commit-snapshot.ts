import type { Launcher, SnapshotBase } from '@caisson/core'
import { digestNamed, type Digest } from './digest.js'
import type { Layer, Layers } from './layers.js'
import type { Refs } from './refs.js'
import type { SnapshotMeta } from './snapshot-meta.js'
import { uppersOf } from './squash.js'
import type { StoreContext } from './store-context.js'
import { storeError } from './store-error.js'

/** The parts of a store that commits need. */
export interface CommitParts {
  readonly layers: Layers
  readonly refs: Refs
}

/** The name in the store of what `layer:<name>` is. */
export function layerRef(name: string): string {
  return `layer/${name}`
}

/** A root of layers of this store alone: the topmost, undefined when it is empty. */
interface LayerBase {
  readonly parent: Digest | undefined
  readonly lowers: readonly string[]
}

function layerAt(layersPlace: string, path: string | undefined): Digest | undefined {
  const hex = path?.startsWith(`${layersPlace}/`) ? path.slice(layersPlace.length + 1) : ''
  return digestNamed(hex.replace(/\/diff$/, ''))
}

/** Undefined for any other root: what a layer lies upon must be layers, and a layer has neither links nor masks of its own. */
function layerBase(
  context: StoreContext,
  layers: Layers,
  base: SnapshotBase,
): LayerBase | undefined {
  const [part, ...more] = base.parts
  const isPlain = more.length === 0 && base.extras.length === 0 && base.masked.length === 0
  if (part?.at !== '/' || !isPlain) return undefined
  const { lowers } = part
  if (lowers.length === 0) return { parent: undefined, lowers }
  const parent = layerAt(context.places.layers, lowers[0])
  const chain: string[] = []
  let next = parent
  while (next !== undefined && chain.length <= lowers.length) {
    const layer: Layer | undefined = layers.get(next)
    if (layer === undefined) return undefined
    chain.push(layer.diff)
    next = layer.parent
  }
  return chain.join() === lowers.join() ? { parent, lowers } : undefined
}

/** What the snapshots hold together, as a layer upon the base. */
async function publishLayer(
  { layers }: CommitParts,
  merge: NonNullable<Launcher['merge']>,
  id: string,
  from: readonly string[],
  { parent, lowers }: LayerBase,
): Promise<Layer> {
  return layers.publish({
    recipe: `snapshot ${id}`,
    ...(parent === undefined ? {} : { parent }),
    fill: async ({ diff }) => {
      const uppers = uppersOf(from, 0)
      if (uppers.length > 0) await merge(uppers, diff, lowers)
    },
  })
}

/**
 * Gives a snapshot its name as a root. Upon layers it becomes a layer itself, by a copy: files of layers are nobody else's, so
 * that what is verified stays as it is. Upon anything else it is the snapshot that is named: what it lies upon stays with it.
 * @param directories of the snapshot and those below it, topmost first
 * @returns the chain id, where it has become a layer
 * @throws TypeError ERR_INVALID_SPEC; CaissonError ERR_STORE_NOT_FOUND, ERR_STORE_SPACE, ERR_STORE_IO
 */
export async function commitSnapshot(
  context: StoreContext,
  parts: CommitParts,
  top: SnapshotMeta | undefined,
  directories: readonly string[],
  name: string,
): Promise<Digest | undefined> {
  if (top === undefined) throw storeError('ERR_STORE_NOT_FOUND', name, 'no snapshot to name so')
  const { merge, step } = context
  // a name that is none is refused before anything is copied: neither what follows the prefix nor the whole may be
  for (const one of [name, layerRef(name)]) parts.refs.get(one)
  step('commit:begin')
  const base = merge === undefined ? undefined : layerBase(context, parts.layers, top.base)
  if (merge === undefined || base === undefined) {
    await parts.refs.set(layerRef(name), { kind: 'snapshot', id: top.id })
    step('commit:done')
    return undefined
  }
  const layer = await publishLayer(parts, merge, top.id, directories, base)
  step('commit:layer')
  await parts.refs.set(layerRef(name), { kind: 'layer', id: layer.id })
  step('commit:done')
  return layer.id
}
