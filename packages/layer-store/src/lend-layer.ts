import type { RootLease } from '@caisson/core'
import type { Digest } from './digest.js'
import type { LayerStore } from './layer-store.js'

/**
 * A layer and those below it as a root, held until it is given back.
 * @throws CaissonError ERR_STORE_NOT_FOUND
 */
export async function lendLayer(store: LayerStore, id: Digest): Promise<RootLease> {
  const held = await store.layers.hold(id)
  return {
    key: `layer:${id}`,
    parts: [{ at: '/', lowers: held.lowers }],
    extras: [],
    masked: [],
    copyOnWrite: true,
    release: async () => held.release(),
  }
}
