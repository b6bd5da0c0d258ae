import { requireProgram } from '@caisson/core'
import type { LayerStore } from '@caisson/layer-store'
import { storeCache } from '../blob-cache.js'
import type { RootOrder, RootRecipe, RootTools } from '../built-roots.js'
import { openSuites, requestKey, type ResolvedSources } from '../debian/resolve-sources.js'
import type { Suite } from '../debian/suite.js'
import { distroError } from '../distro-error.js'
import { openJail } from '../open-jail.js'
import { countProgress } from '../progress.js'
import { buildByMmdebstrap } from './build-by-mmdebstrap.js'
import type { MmdebstrapRequest } from './mmdebstrap-options.js'
import { chooseMode } from './privilege.js'

type Request = MmdebstrapRequest & ResolvedSources

// raised when equal packages become another tree
const RECIPE_VERSION = 1

/** The digests of all indexes of packages that apt could read: what it installs follows from them. */
function indexesOf(suites: readonly Suite[], architecture: string): readonly unknown[] {
  return suites.map(({ source, release }) => [
    source.mirror,
    source.suite,
    source.components.map((component) => {
      const path = `${component}/binary-${architecture}/Packages`
      return ['', '.gz', '.xz'].map((end) => release.entries.get(`${path}${end}`)?.sha256 ?? '')
    }),
  ])
}

async function readSuites(
  store: LayerStore,
  request: Request,
  signal: AbortSignal,
): Promise<{ readonly recipe: string; readonly date: Date; readonly suites: readonly Suite[] }> {
  const { architecture, keyring, mirrorTimeoutMs, packages, variant } = request
  const suites = await openSuites('mmdebstrap', request, {
    architecture,
    keyring,
    now: Date.now(),
    cache: storeCache(store),
    answerMs: mirrorTimeoutMs,
    signal,
    // apt reads the indexes of packages, nobody here does
    unxz: async (bytes) => bytes,
  })
  // the time of the release itself: that of its updates changes every day
  const date = suites[0]?.release.date ?? new Date(0)
  const indexes = indexesOf(suites, architecture)
  const time = date.getTime()
  const parts = ['mmdebstrap', RECIPE_VERSION, architecture, variant, packages, time, indexes]
  return { recipe: JSON.stringify(parts), date, suites }
}

async function prepare(
  store: LayerStore,
  request: Request,
  { launcher, onProgress }: RootTools,
  signal: AbortSignal,
): Promise<RootRecipe> {
  const subject = `mmdebstrap:${request.suite}`
  requireProgram('mmdebstrap', 'mmdebstrap')
  chooseMode(subject)
  const { recipe, date, suites } = await readSuites(store, request, signal)
  const report = countProgress(1, onProgress)
  report({ phase: 'resolve', subject: request.suite, bytes: 0 })
  const sources = suites.map(({ source }) => source)
  return {
    recipe,
    fill: async ({ diff }) => {
      await using jail = await openJail(launcher, diff, subject)
      const wanted = { ...request, sources }
      await buildByMmdebstrap(jail, { request: wanted, date, launcher, signal, report })
      // apt has read the index by itself
      if ((await readSuites(store, request, signal)).recipe === recipe) return
      const why = 'its index changed while the root was built'
      throw distroError('ERR_MIRROR_UNREACHABLE', subject, why, 'Try again.')
    },
  }
}

/** The root of a request. Its `prepare` and what that gives throw what `openSuites` and `buildByMmdebstrap` do. */
export function mmdebstrapOrder(request: Request, tools: RootTools): RootOrder {
  const { architecture, keyring, packages, sources, variant } = request
  const key = requestKey([RECIPE_VERSION, architecture, keyring, packages, variant, sources])
  return {
    name: `mmdebstrap/${key}`,
    subject: request.suite,
    maxAgeMs: request.maxAgeMs,
    prepare: (store, signal) => prepare(store, request, tools, signal),
  }
}
