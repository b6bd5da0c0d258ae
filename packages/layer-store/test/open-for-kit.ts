// The module of the conformance suite: other processes import it, too.
import { Scope } from '@caisson/core/di'
import type { OpenedSnapshotStore } from '@caisson/driver-testkit'
import { createLauncher } from '@caisson/launcher'
import {
  LAYER_STORE,
  lendLayer,
  openLayerStore,
  storeRootfs,
  type LayerStore,
} from '../dist/index.js'

/** A store as the kit takes it, with `layer:` as engines have it. */
export function forKit(store: LayerStore, close: () => Promise<void>): OpenedSnapshotStore {
  const shared = {
    directory: store.directory,
    open: async () => Promise.resolve(store),
    [Symbol.asyncDispose]: async () => {},
  }
  const scope = Scope.root().value(LAYER_STORE, shared)
  const [layers] = storeRootfs()
  const provider = layers.create(scope)
  let recipes = 0
  return {
    snapshots: store.snapshots,
    lend: (reference) => provider.lend({ id: 'kit', reference }),
    layered: async (fill) => {
      const recipe = `kit ${recipes++}`
      const layer = await store.layers.publish({ recipe, fill: ({ diff }) => fill(diff) })
      const lease = await lendLayer(store, layer.id)
      await lease.release()
      const { key, parts, extras, masked } = lease
      return { key, parts, extras, masked }
    },
    [Symbol.asyncDispose]: async () => {
      await scope[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await close()
    },
  }
}

/** With a launcher, as engines have it. */
export async function open(directory: string): Promise<OpenedSnapshotStore> {
  const launcher = createLauncher()
  const store = await openLayerStore({ directory, sync: false, launcher })
  return forKit(store, async () => launcher[Symbol.asyncDispose]())
}
