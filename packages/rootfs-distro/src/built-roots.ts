import {
  CaissonError,
  isCaissonError,
  SharedWork,
  type Launcher,
  type RootLease,
} from '@caisson/core'
import {
  lendLayer,
  type Layer,
  type LayerStaging,
  type LayerStore,
  type SharedStore,
} from '@caisson/layer-store'
import type { BuildProgress } from './progress.js'

/** What roots are built with. */
export interface RootTools {
  readonly launcher: Launcher
  readonly onProgress: ((progress: BuildProgress) => void) | undefined
}

/** How a root is made that is not there yet. */
export interface RootRecipe {
  /** All that decides what comes out: equal recipes are one layer. */
  readonly recipe: string
  /** Writes it into an empty directory. */
  readonly fill: (staging: LayerStaging) => Promise<void>
}

/** A root that is wanted. */
export interface RootOrder {
  /** Of the store's name for it, e.g. `debian/<key>`: equal for equal requests. */
  readonly name: string
  /** For messages, e.g. `bookworm`. */
  readonly subject: string
  /** For how long what was built is taken without asking whether there is something newer. */
  readonly maxAgeMs: number
  /**
   * Finds out what is to be built.
   * @throws CaissonError ERR_MIRROR_UNREACHABLE: what was built before may serve
   */
  readonly prepare: (store: LayerStore, signal: AbortSignal) => Promise<RootRecipe>
}

/** @throws CaissonError ERR_ABORTED when the signal has been given */
export function throwIfGivenUp(signal: AbortSignal | undefined, subject: string): void {
  if (signal?.aborted === true) throw givenUp(subject, signal.reason)
}

/** ERR_ABORTED. */
export function givenUp(subject: string, cause: unknown): CaissonError {
  const why = 'given up by its AbortSignal'
  return new CaissonError({ code: 'ERR_ABORTED', what: 'rootfs', subject, why, cause })
}

function knownLayer(
  store: LayerStore,
  name: string,
): { layer: Layer; changedMs: number } | undefined {
  const ref = store.refs.find(name)
  const layer = ref?.root.kind === 'layer' ? store.layers.get(ref.root.id) : undefined
  return ref === undefined || layer === undefined ? undefined : { layer, changedMs: ref.changedMs }
}

/** Whether an older root may serve instead: the mirror is away, which says nothing about the root. */
function isAway(error: unknown): boolean {
  return isCaissonError(error) && error.code === 'ERR_MIRROR_UNREACHABLE'
}

/** Roots out of a layer store, built where they are not there yet, one build at a time for each, whoever wants it. */
export class BuiltRoots {
  readonly #store: SharedStore
  readonly #onProgress: ((progress: BuildProgress) => void) | undefined
  readonly #building: SharedWork<Layer>

  constructor(
    scheme: string,
    store: SharedStore,
    onProgress: ((progress: BuildProgress) => void) | undefined,
  ) {
    this.#store = store
    this.#onProgress = onProgress
    this.#building = new SharedWork((reason) => givenUp(`${scheme}:`, reason))
  }

  /** @throws CaissonError of the order's `prepare` and `fill`, of the store, ERR_ABORTED */
  async lend(order: RootOrder, signal: AbortSignal | undefined): Promise<RootLease> {
    const store = await this.#store.open()
    const { id } = await this.#find(store, order, signal)
    return lendLayer(store, id)
  }

  async #find(
    store: LayerStore,
    order: RootOrder,
    signal: AbortSignal | undefined,
  ): Promise<Layer> {
    const { name, subject, maxAgeMs } = order
    const known = knownLayer(store, name)
    if (known !== undefined && Date.now() - known.changedMs < maxAgeMs) {
      this.#tell('exists', subject)
      return known.layer
    }
    try {
      return await this.#building.do(name, signal, (all) => this.#build(store, order, all))
    } catch (error) {
      if (known === undefined || !isAway(error)) throw error
      this.#tell('stale', subject)
      return known.layer
    }
  }

  async #build(store: LayerStore, order: RootOrder, signal: AbortSignal): Promise<Layer> {
    const { recipe, fill } = await order.prepare(store, signal)
    const layer = await store.layers.publish({ recipe, signal, fill })
    await store.refs.set(order.name, { kind: 'layer', id: layer.id })
    this.#tell('done', order.subject)
    return layer
  }

  #tell(phase: BuildProgress['phase'], subject: string): void {
    this.#onProgress?.({ phase, subject, bytes: 0, count: 1, total: 1 })
  }
}
