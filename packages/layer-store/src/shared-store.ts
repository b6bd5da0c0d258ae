import { join } from 'node:path'
import {
  DATA_DIR,
  defaultDataDir,
  LAUNCHER,
  SNAPSHOTS,
  type DriverModule,
  type Launcher,
} from '@caisson/core'
import { optional, token, type Scope, type Token } from '@caisson/core/di'
import type { LayerStore, LayerStoreOptions } from './layer-store.js'
import { LazySnapshots } from './lazy-snapshots.js'

/** The layer store that the drivers of an engine share: opened when one of them first needs it. */
export interface SharedStore extends AsyncDisposable {
  /** Absolute. */
  readonly directory: string
  /**
   * The same store each time.
   * @throws CaissonError ERR_STORE_DIR, ERR_STORE_VERSION, ERR_STORE_LOCKED, ERR_TOOL_MISSING ...
   */
  open(): Promise<LayerStore>
}

/** Where drivers find the store. `layerStoreModule` registers it. */
export const LAYER_STORE: Token<SharedStore> = token('LayerStore')

class LazyStore implements SharedStore {
  readonly #options: LayerStoreOptions
  readonly #launcher: () => Launcher | undefined
  #opened: Promise<LayerStore> | undefined

  constructor(options: LayerStoreOptions, launcher: () => Launcher | undefined) {
    this.#options = options
    this.#launcher = launcher
  }

  get directory(): string {
    return this.#options.directory
  }

  open(): Promise<LayerStore> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      // what was in the way may be mended before the next try
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  /** Loaded when it is needed: most programs never open a store, and all pay for what is imported. */
  async #open(): Promise<LayerStore> {
    const { openLayerStore } = await import('./open-layer-store.js')
    return openLayerStore({ ...this.#options, launcher: this.#launcher() })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#opened?.catch(() => undefined))?.[Symbol.asyncDispose]()
  }
}

function launcherOf(scope: Scope): Launcher | undefined {
  return scope.has(LAUNCHER) ? scope.get(LAUNCHER) : undefined
}

/**
 * Registers the store for the scope's drivers, unless there is one: `store` in the data directory of the scope (DATA_DIR),
 * or the default one; and under SNAPSHOTS its snapshots, for the engine. The scope closes it.
 * @param options as of `openLayerStore`
 */
export function layerStoreModule(options: Pick<LayerStoreOptions, 'sync'> = {}): DriverModule {
  return Object.freeze({
    name: '@caisson/layer-store',
    install(scope) {
      if (!scope.has(LAYER_STORE)) {
        const needs = { dataDir: optional(DATA_DIR) }
        scope.provide(LAYER_STORE, needs, ({ dataDir }) => {
          const directory = join(dataDir ?? defaultDataDir(), 'store')
          // asked for late: the driver that brings the launcher may come after this one
          return new LazyStore({ ...options, directory }, () => launcherOf(scope))
        })
      }
      if (!scope.has(SNAPSHOTS))
        scope.provide(SNAPSHOTS, { store: LAYER_STORE }, ({ store }) => new LazySnapshots(store))
    },
  } satisfies DriverModule)
}
