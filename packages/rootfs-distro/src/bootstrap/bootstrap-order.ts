import type { DirectoryJail, Launcher } from '@caisson/core'
import type { LayerStore } from '@caisson/layer-store'
import { storeCache } from '../blob-cache.js'
import type { RootOrder, RootRecipe, RootTools } from '../built-roots.js'
import { openSuites, requestKey, type ResolvedSources } from '../debian/resolve-sources.js'
import type { Suite } from '../debian/suite.js'
import { distroError } from '../distro-error.js'
import { openJail } from '../open-jail.js'
import { countProgress, type ReportProgress } from '../progress.js'
import type { BootstrapRequest } from './bootstrap-options.js'

type Request = BootstrapRequest & ResolvedSources

/** A root that a tool is to make. */
export interface BootstrapBuild {
  readonly request: Request
  /** The latest time that a file may have: that of the index. */
  readonly date: Date
  readonly launcher: Launcher
  readonly signal: AbortSignal
  readonly report: ReportProgress
}

/** A tool of the host that makes roots out of a mirror of Debian. */
export interface Bootstrapper {
  /** Its name, and the scheme that it serves. */
  readonly name: string
  /** Raised when equal packages become another tree. */
  readonly recipeVersion: number
  /** Whether it knows of the release alone: its updates are not read then. */
  readonly oneSource: boolean
  /**
   * Whether it can work at all, asked before anything is done.
   * @throws CaissonError ERR_TOOL_MISSING, ERR_USER_NAMESPACE
   */
  readonly check: (subject: string) => void
  /**
   * Makes a root, in an empty directory.
   * @throws CaissonError what its failures mean, ERR_ABORTED
   */
  readonly build: (jail: DirectoryJail, build: BootstrapBuild) => Promise<void>
}

/** The digests of all indexes of packages that the tool could read: what it installs follows from them. */
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
  { name, recipeVersion }: Bootstrapper,
  store: LayerStore,
  request: Request,
  signal: AbortSignal,
): Promise<{ readonly recipe: string; readonly date: Date; readonly suites: readonly Suite[] }> {
  const { architecture, keyring, mirrorTimeoutMs, packages, variant } = request
  const suites = await openSuites(name, request, {
    architecture,
    keyring,
    now: Date.now(),
    cache: storeCache(store),
    answerMs: mirrorTimeoutMs,
    signal,
    // the tool reads the indexes of packages, nobody here does
    unxz: async (bytes) => bytes,
  })
  // the time of the release itself: that of its updates changes every day
  const date = suites[0]?.release.date ?? new Date(0)
  const indexes = indexesOf(suites, architecture)
  const time = date.getTime()
  const parts = [name, recipeVersion, architecture, variant, packages, time, indexes]
  return { recipe: JSON.stringify(parts), date, suites }
}

async function prepare(
  tool: Bootstrapper,
  request: Request,
  { store, launcher, onProgress }: RootTools & { readonly store: LayerStore },
  signal: AbortSignal,
): Promise<RootRecipe> {
  const subject = `${tool.name}:${request.suite}`
  tool.check(subject)
  const { recipe, date, suites } = await readSuites(tool, store, request, signal)
  // how many packages it takes, only the tool finds out
  const report = countProgress(0, onProgress)
  report({ phase: 'resolve', subject: request.suite, bytes: 0 })
  const sources = suites.map(({ source }) => source)
  return {
    recipe,
    fill: async ({ diff }) => {
      await using jail = await openJail(launcher, diff, subject)
      const wanted = { ...request, sources }
      await tool.build(jail, { request: wanted, date, launcher, signal, report })
      // it has read the index by itself
      if ((await readSuites(tool, store, request, signal)).recipe === recipe) return
      const why = 'its index changed while the root was built'
      throw distroError('ERR_MIRROR_UNREACHABLE', subject, why, 'Try again.')
    },
  }
}

/** The root of a request. Its `prepare` and what that gives throw what `openSuites` and the tool do. */
export function bootstrapOrder(tool: Bootstrapper, request: Request, tools: RootTools): RootOrder {
  const { name, recipeVersion, oneSource } = tool
  const sources = oneSource ? request.sources.slice(0, 1) : request.sources
  const { architecture, keyring, packages, variant } = request
  const key = requestKey([recipeVersion, architecture, keyring, packages, variant, sources])
  return {
    name: `${name}/${key}`,
    subject: request.suite,
    maxAgeMs: request.maxAgeMs,
    prepare: (store, signal) => prepare(tool, { ...request, sources }, { ...tools, store }, signal),
  }
}
