import { join } from 'node:path'
import {
  SNAPSHOTS,
  token,
  type ActiveSnapshot,
  type DriverModule,
  type HeldSnapshot,
  type KeepOptions,
  type SnapshotOrigin,
  type SnapshotStore,
  type StoredSnapshot,
  type Token,
} from '@caisson/core'
import { defaultDataDir } from './data-dir.js'
import type { LayerStore, LayerStoreOptions } from './layer-store.js'
import { openLayerStore } from './open-layer-store.js'

/** Opens a store when it is first wanted, and then always gives the same. */
export interface StoreOpener {
  /** Absolute. */
  readonly directory: string
  /** @throws CaissonError of `openLayerStore` */
  open(): Promise<LayerStore>
}

/** The store of an engine: for providers that make layers. */
export const LAYER_STORE: Token<StoreOpener> = token('LayerStore')

class LazyStore implements StoreOpener, AsyncDisposable {
  readonly directory: string
  readonly #options: LayerStoreOptions
  #opening: Promise<LayerStore> | undefined

  constructor(options: LayerStoreOptions) {
    this.#options = options
    this.directory = options.directory
  }

  async open(): Promise<LayerStore> {
    this.#opening ??= openLayerStore(this.#options)
    try {
      return await this.#opening
    } catch (error) {
      // what is wrong with the directory may be mended by the next time
      this.#opening = undefined
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const store = await this.#opening?.catch(() => undefined)
    await store?.[Symbol.asyncDispose]()
  }
}

/** Snapshots of a store that is opened with the first of them. */
class LazySnapshots implements SnapshotStore {
  readonly #store: StoreOpener

  constructor(store: StoreOpener) {
    this.#store = store
  }

  async begin(origin: SnapshotOrigin): Promise<ActiveSnapshot> {
    return (await this.#store.open()).snapshots.begin(origin)
  }

  async keep(id: string, options?: KeepOptions): Promise<StoredSnapshot> {
    return (await this.#store.open()).snapshots.keep(id, options)
  }

  async add(
    origin: SnapshotOrigin,
    fill: (directory: string) => Promise<void>,
    options?: KeepOptions,
  ): Promise<StoredSnapshot> {
    return (await this.#store.open()).snapshots.add(origin, fill, options)
  }

  async hold(id: string): Promise<HeldSnapshot> {
    return (await this.#store.open()).snapshots.hold(id)
  }

  async delete(id: string): Promise<void> {
    await (await this.#store.open()).snapshots.delete(id)
  }

  async discard(id: string): Promise<void> {
    await (await this.#store.open()).snapshots.discard(id)
  }

  async commit(id: string, name: string): Promise<void> {
    await (await this.#store.open()).snapshots.commit(id, name)
  }
}

/** Where an engine's store is. */
export interface StoreModuleOptions extends Pick<LayerStoreOptions, 'sync'> {
  /** Absolute; the store is `store` in it. Default: `/var/lib/caisson` for root, else `$XDG_DATA_HOME/caisson`. */
  readonly dataDir?: string
}

/** Registers `LAYER_STORE` and `SNAPSHOTS` where nothing else is. The store is opened, and made, when it is first wanted. */
export function storeModule(options: StoreModuleOptions = {}): DriverModule {
  const { dataDir = defaultDataDir(), sync = true } = options
  return {
    name: 'layer-store',
    install: (scope) => {
      if (!scope.has(LAYER_STORE))
        scope.provide(LAYER_STORE, {}, () => new LazyStore({ directory: join(dataDir, 'store'), sync }))
      if (!scope.has(SNAPSHOTS))
        scope.provide(SNAPSHOTS, { store: LAYER_STORE }, ({ store }) => new LazySnapshots(store))
    },
  }
}
