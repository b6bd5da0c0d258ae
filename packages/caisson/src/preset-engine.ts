import type {
  Container,
  ContainerFilter,
  DetachedContainer,
  DetachedInfo,
  DetachedSpec,
  DiskUsage,
  DoctorReport,
  Duration,
  Engine,
  Exec,
  Feature,
  LimitKey,
  Pruned,
  RunOptions,
  Spec,
} from '@caisson/core'
import type { Scope } from '@caisson/core/di'
import { LAYER_STORE, type LayerStore } from '@caisson/layer-store'
import type { Picked } from './picked.js'

/** An engine that says what it is made of. */
export interface PresetEngine<
  L extends LimitKey = LimitKey,
  F extends Feature = Feature,
> extends Engine<L, F> {
  /** Which drivers it picked, and why. */
  readonly picked: Picked
  /**
   * Its store of layers and snapshots; opened, and made, when it is first wanted, and closed with the engine.
   * @throws CaissonError ERR_STORE_DIR, ERR_STORE_VERSION, ERR_TOOL_MISSING
   */
  store(): Promise<LayerStore>
}

/** Core's engine and the scope in which its drivers were probed: both end together. */
export class PresetEngineHandle<L extends LimitKey, F extends Feature> implements PresetEngine<
  L,
  F
> {
  readonly #engine: Engine<L, F>
  readonly #scope: Scope
  readonly picked: Picked

  constructor(engine: Engine<L, F>, scope: Scope, picked: Picked) {
    this.#engine = engine
    this.#scope = scope
    this.picked = picked
  }

  get supports(): Engine<L, F>['supports'] {
    return this.#engine.supports
  }

  get events(): Engine<L, F>['events'] {
    return this.#engine.events
  }

  run(
    argv: readonly string[],
    options: RunOptions<L> & { readonly encoding: 'buffer' },
  ): Exec<Uint8Array>
  run(argv: readonly string[], options?: RunOptions<L>): Exec
  run(argv: readonly string[], options?: RunOptions<L>): Exec<string | Uint8Array> {
    return this.#engine.run(argv, options)
  }

  create(spec: DetachedSpec<L>): Promise<DetachedContainer<L, F>>
  create(spec?: Spec<L>): Promise<Container<L, F>>
  create(spec?: Spec<L>): Promise<Container<L, F>> {
    return this.#engine.create(spec)
  }

  get(id: string): Promise<DetachedContainer<L, F>> {
    return this.#engine.get(id)
  }

  list(filter?: ContainerFilter): Promise<readonly DetachedInfo[]> {
    return this.#engine.list(filter)
  }

  prune(options?: { readonly olderThan?: Duration }): Promise<Pruned> {
    return this.#engine.prune(options)
  }

  diskUsage(): Promise<DiskUsage> {
    return this.#engine.diskUsage()
  }

  store(): Promise<LayerStore> {
    return this.#scope.get(LAYER_STORE).open()
  }

  explain(argv: readonly string[], options?: RunOptions<L>): Promise<string> {
    return this.#engine.explain(argv, options)
  }

  doctor(): Promise<DoctorReport> {
    return this.#engine.doctor()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#engine[Symbol.asyncDispose]()
    } finally {
      await this.#scope[Symbol.asyncDispose]()
    }
  }
}
