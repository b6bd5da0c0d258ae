import { buffer } from 'node:stream/consumers'
import { decompress } from '@caisson/tar'
import type { BlobCache } from '../blob-cache.js'
import { closeDependencies } from './close-dependencies.js'
import type { DebianRequest } from './debian-options.js'
import { PackageIndex, type DebianPackage } from './package-index.js'
import { openSuites, requestKey, resolveSources, type ResolvedSources } from './resolve-sources.js'
import { readPackages, type SuiteReading } from './suite.js'

/** A request in which nothing is left to the host. */
export interface ResolvedRequest extends DebianRequest, ResolvedSources {
  readonly suite: string
  readonly architecture: string
  readonly keyring: string
  /** Equal for equal requests. */
  readonly key: string
}

/** What a root is made of. */
export interface ResolvedRoot {
  readonly packages: readonly DebianPackage[]
  /** Of the newest index. */
  readonly date: Date
  /** All that decides what comes out. */
  readonly recipe: string
}

// raised when equal packages become another tree
const RECIPE_VERSION = 1

/**
 * Adds what the host says.
 * @throws CaissonError ERR_SUITE_NOT_FOUND, ERR_ARCH_UNSUPPORTED, ERR_MIRROR_UNREACHABLE when there is no mirror
 */
export async function resolveRequest(
  request: DebianRequest,
  defaultKeyring: string,
): Promise<ResolvedRequest> {
  const resolved = await resolveSources('debian', request, defaultKeyring)
  const { architecture, keyring, packages, sources } = resolved
  const key = requestKey([RECIPE_VERSION, architecture, keyring, packages, sources])
  return Object.freeze({ ...resolved, key })
}

async function* bytesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

/**
 * Reads the indexes, and finds the packages to install.
 * @throws CaissonError of `openSuites`, `readPackages` and `closeDependencies`
 */
export async function resolveRoot(
  request: ResolvedRequest,
  cache: BlobCache,
  signal: AbortSignal | undefined,
): Promise<ResolvedRoot> {
  const reading: SuiteReading = {
    architecture: request.architecture,
    keyring: request.keyring,
    now: request.checkDates ? Date.now() : undefined,
    cache,
    answerMs: request.mirrorTimeoutMs,
    signal,
    unxz: (bytes) => buffer(decompress(bytesOf(bytes), { compression: 'xz' })),
  }
  const suites = await openSuites('debian', request, reading)
  const index = new PackageIndex()
  for (const suite of suites) {
    for (const component of suite.source.components) {
      index.add(await readPackages(suite, component, reading), suite.source.mirror)
    }
  }
  const packages = closeDependencies(index, request.packages)
  const date = new Date(Math.max(...suites.map(({ release }) => release.date.getTime())))
  // The date is not in it: it is the time of a few files, and would make another root every day of the same packages.
  const recipe = JSON.stringify([
    'debian',
    RECIPE_VERSION,
    request.architecture,
    packages.map(({ name, version, sha256 }) => [name, version, sha256]),
  ])
  return { packages, date, recipe }
}
