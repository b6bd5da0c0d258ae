import type { LayerStore } from '@caisson/layer-store'
import { storeCache } from '../blob-cache.js'
import type { RootOrder, RootRecipe, RootTools } from '../built-roots.js'
import { openJail } from '../open-jail.js'
import { countProgress } from '../progress.js'
import { buildRoot } from './build-root.js'
import { resolveRoot, type ResolvedRequest } from './resolve-root.js'

async function prepare(
  store: LayerStore,
  request: ResolvedRequest,
  { launcher, onProgress }: RootTools,
  signal: AbortSignal,
): Promise<RootRecipe> {
  const cache = storeCache(store)
  const { packages, date, recipe } = await resolveRoot(request, cache, signal)
  const report = countProgress(packages.length, onProgress)
  const bytes = packages.reduce((sum, { size }) => sum + size, 0)
  report({ phase: 'resolve', subject: request.suite, bytes })
  const { architecture } = request
  return {
    recipe,
    fill: async ({ diff }) => {
      await using jail = await openJail(launcher, diff, 'debian:')
      await buildRoot(jail, diff, { packages, architecture, date, cache, signal, report })
    },
  }
}

/** The root of a request. Its `prepare` throws what `resolveRoot` does, its `fill` what `buildRoot` does. */
export function debianOrder(request: ResolvedRequest, tools: RootTools): RootOrder {
  return {
    name: `debian/${request.key}`,
    subject: request.suite,
    maxAgeMs: request.maxAgeMs,
    prepare: (store, signal) => prepare(store, request, tools, signal),
  }
}
