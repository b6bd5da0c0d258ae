import {
  CaissonError,
  defineDriver,
  invalidArgument,
  type Driver,
  type RootLease,
  type RootRequest,
  type RootfsProvider,
} from '@caisson/core'
import { layerRef } from './commit-snapshot.js'
import { parseDigest } from './digest.js'
import type { LayerStore } from './layer-store.js'
import { lendLayer } from './lend-layer.js'
import { throwIfAborted } from './store-error.js'
import { LAYER_STORE, layerStoreModule, type SharedStore } from './shared-store.js'

function notFound(from: string, cause?: unknown): CaissonError {
  return new CaissonError({
    code: 'ERR_ROOTFS_NOT_FOUND',
    what: 'root',
    subject: from,
    why: 'the store has nothing of that name',
    fix: 'Names are those of `commit()` and of `store.refs`, ids those of `snapshot()`.',
    field: 'from',
    cause,
  })
}

async function lendSnapshot(store: LayerStore, id: string): Promise<RootLease> {
  const held = await store.snapshots.hold(id)
  const { parts } = held
  const { base } = held.snapshot
  return {
    key: `snapshot:${id}`,
    parts,
    extras: base.extras,
    masked: base.masked,
    copyOnWrite: true,
    origin: { base, parent: id },
    release: async () => held.release(),
  }
}

async function lendNamed(store: LayerStore, name: string): Promise<RootLease> {
  const root = store.refs.get(layerRef(name)) ?? store.refs.get(name)
  if (root === undefined || root.kind === 'blob') throw notFound(`layer:${name}`)
  return root.kind === 'layer' ? lendLayer(store, root.id) : lendSnapshot(store, root.id)
}

async function lendByName(store: LayerStore, reference: string): Promise<RootLease> {
  if (reference.startsWith('sha256:')) return lendLayer(store, parseDigest(reference))
  return lendNamed(store, reference)
}

class StoreRoots implements RootfsProvider {
  readonly schemes: readonly string[]
  readonly #opener: SharedStore
  readonly #lend: (store: LayerStore, reference: string) => Promise<RootLease>

  constructor(scheme: 'layer' | 'snapshot', opener: SharedStore) {
    this.schemes = [scheme]
    this.#opener = opener
    this.#lend = scheme === 'snapshot' ? lendSnapshot : lendByName
  }

  async lend({ reference, signal }: RootRequest): Promise<RootLease> {
    const from = `${this.schemes[0]}:${reference}`
    throwIfAborted(signal, from)
    if (reference === '')
      throw invalidArgument({ field: 'from', subject: from, why: 'it names nothing' })
    try {
      return await this.#lend(await this.#opener.open(), reference)
    } catch (error) {
      if (error instanceof CaissonError && error.code === 'ERR_STORE_NOT_FOUND')
        throw notFound(from, error)
      throw error
    }
  }
}

function driverFor(scheme: 'layer' | 'snapshot'): Driver<'rootfs', never, never> {
  return defineDriver({
    kind: 'rootfs',
    name: scheme,
    apiVersion: 1,
    schemes: [scheme],
    modules: [layerStoreModule()],
    inject: { opener: LAYER_STORE },
    // loaded when it is wanted: few programs ask, and all pay for what is imported
    probe: async ({ opener }) => {
      const { probePlace } = await import('./probe-place.js')
      return probePlace(opener.directory)
    },
    create: ({ opener }) => new StoreRoots(scheme, opener),
  })
}

/**
 * Roots from the layer store: `layer:<name>`, `layer:<chain id>` and `snapshot:<id>`. Brings the store along, unless the
 * scope has one, and with it snapshots, forks and writes on disk.
 *
 * `lend` rejects with ERR_ROOTFS_NOT_FOUND, ERR_STORE_DIR, ERR_STORE_VERSION, ERR_STORE_DAMAGED, ERR_TOOL_MISSING.
 */
export function storeRootfs(): readonly [
  Driver<'rootfs', never, never>,
  Driver<'rootfs', never, never>,
] {
  return [driverFor('layer'), driverFor('snapshot')]
}
