import { SharedWork, type Launcher, type RootLease } from '@caisson/core'
import { lendLayer, type Layer, type LayerStore, type SharedStore } from '@caisson/layer-store'
import type { TarLimits } from '@caisson/tar'
import type { NamedArchive } from './archive-source.js'
import { importTar } from './import-tar.js'
import type { TarProgress } from './progress.js'
import { abortedError } from './tar-error.js'

/** What roots are made with. */
export interface TarTools {
  readonly launcher: Launcher
  readonly store: SharedStore
  readonly archives: ReadonlyMap<string, NamedArchive>
  readonly limits: Partial<TarLimits> | undefined
  readonly onProgress: ((progress: TarProgress) => void) | undefined
}

/** Roots out of a layer store, unpacked where they are not there yet. */
export class TarRoots {
  readonly #tools: TarTools
  readonly #work = new SharedWork<Layer>((reason) => abortedError('tar:', reason))
  /** Of streams that were read: nobody can read them again. */
  readonly #read = new Map<string, Layer>()

  constructor(tools: TarTools) {
    this.#tools = tools
  }

  /** @throws CaissonError of `importTar` */
  async lend(reference: string, signal: AbortSignal | undefined): Promise<RootLease> {
    const store = await this.#tools.store.open()
    const known = this.#read.get(reference)
    if (known !== undefined && store.layers.get(known.id) !== undefined)
      return lendLayer(store, known.id)
    const { id } = await this.#work.do(reference, signal, (shared) =>
      this.#import(store, reference, shared),
    )
    return lendLayer(store, id)
  }

  async #import(store: LayerStore, reference: string, signal: AbortSignal): Promise<Layer> {
    const { launcher, archives, limits, onProgress } = this.#tools
    const stream = archives.get(reference)
    const { layer } = await importTar({ store, launcher }, stream ?? reference, {
      name: `tar:${reference}`,
      signal,
      ...(limits === undefined ? {} : { limits }),
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    if (stream !== undefined) this.#read.set(reference, layer)
    return layer
  }
}
