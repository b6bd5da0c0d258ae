import { isCaissonError, type Launcher, type RootLease } from '@caisson/core'
import { lendLayer, type Layer, type LayerStore, type SharedStore } from '@caisson/layer-store'
import { storeCache } from '../blob-cache.js'
import { distroError } from '../distro-error.js'
import { countProgress, type BuildProgress } from '../progress.js'
import { buildRoot } from './build-root.js'
import { resolveRoot, type ResolvedRequest } from './resolve-root.js'

/** What roots are built with. */
export interface DebianTools {
  readonly launcher: Launcher
  readonly store: SharedStore
  readonly onProgress: ((progress: BuildProgress) => void) | undefined
}

function knownLayer(
  store: LayerStore,
  name: string,
): { layer: Layer; changedMs: number } | undefined {
  const ref = store.refs.find(name)
  const layer = ref?.root.kind === 'layer' ? store.layers.get(ref.root.id) : undefined
  return ref === undefined || layer === undefined ? undefined : { layer, changedMs: ref.changedMs }
}

async function build(
  store: LayerStore,
  request: ResolvedRequest,
  tools: DebianTools,
  signal: AbortSignal | undefined,
): Promise<Layer> {
  const { launcher, onProgress } = tools
  const cache = storeCache(store)
  const resolved = await resolveRoot(request, cache, signal)
  const { packages, date, recipe } = resolved
  const report = countProgress(packages.length, onProgress)
  report({ phase: 'resolve', subject: request.suite, bytes: 0 })
  const layer = await store.layers.publish({
    recipe,
    ...(signal === undefined ? {} : { signal }),
    fill: async ({ diff }) => {
      const jail = await launcher.jail?.(diff)
      if (jail === undefined) {
        const why = 'the launcher registered in this scope serves no directories'
        throw distroError('ERR_UNSUPPORTED', 'debian:', why, 'Use that of @caisson/launcher.')
      }
      await using served = jail
      const { architecture } = request
      await buildRoot(served, diff, { packages, architecture, date, cache, signal, report })
    },
  })
  report({ phase: 'done', subject: request.suite, bytes: 0 })
  return layer
}

/** Whether an older root may serve instead: the mirror is away, which says nothing about the root. */
function isAway(error: unknown): boolean {
  return isCaissonError(error) && error.code === 'ERR_MIRROR_UNREACHABLE'
}

/** Roots of Debian out of a layer store, built where they are not there yet. */
export class DebianRoots {
  readonly #tools: DebianTools
  /** One build at a time for each request, whoever wants it. */
  readonly #building = new Map<string, Promise<Layer>>()

  constructor(tools: DebianTools) {
    this.#tools = tools
  }

  /** @throws CaissonError of `resolveRoot` and `buildRoot`, and of the store */
  async lend(request: ResolvedRequest, signal: AbortSignal | undefined): Promise<RootLease> {
    const store = await this.#tools.store.open()
    const { id } = await this.#find(store, request, signal)
    return lendLayer(store, id)
  }

  async #find(
    store: LayerStore,
    request: ResolvedRequest,
    signal: AbortSignal | undefined,
  ): Promise<Layer> {
    const name = `debian/${request.key}`
    const known = knownLayer(store, name)
    if (known !== undefined && Date.now() - known.changedMs < request.maxAgeMs) return known.layer
    try {
      const layer = await this.#buildOnce(store, request, signal)
      await store.refs.set(name, { kind: 'layer', id: layer.id })
      return layer
    } catch (error) {
      if (known === undefined || !isAway(error)) throw error
      const told = { phase: 'stale', subject: request.suite, bytes: 0, count: 1, total: 1 } as const
      this.#tools.onProgress?.(told)
      return known.layer
    }
  }

  async #buildOnce(
    store: LayerStore,
    request: ResolvedRequest,
    signal: AbortSignal | undefined,
  ): Promise<Layer> {
    const running = this.#building.get(request.key)
    // one that the other caller gave up is begun again
    if (running !== undefined) {
      return running.catch(() => this.#buildOnce(store, request, signal))
    }
    const building = build(store, request, this.#tools, signal).finally(() => {
      this.#building.delete(request.key)
    })
    this.#building.set(request.key, building)
    return building
  }
}
