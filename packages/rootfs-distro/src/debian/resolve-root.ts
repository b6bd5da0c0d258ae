import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { decompress } from '@caisson/tar'
import type { BlobCache } from '../blob-cache.js'
import { distroError } from '../distro-error.js'
import { hostSources, type AptSource } from './apt-sources.js'
import { debianArchitecture } from './architecture.js'
import { closeDependencies } from './close-dependencies.js'
import type { DebianRequest } from './debian-options.js'
import { PackageIndex, type DebianPackage } from './package-index.js'
import { hostRelease, releaseSources } from './release-sources.js'
import { openSuite, readPackages, type Suite, type SuiteReading } from './suite.js'

/** A request in which nothing is left to the host. */
export interface ResolvedRequest extends DebianRequest {
  readonly suite: string
  readonly architecture: string
  readonly keyring: string
  /** That of the release itself first. */
  readonly sources: readonly AptSource[]
  /** Equal for equal requests: 32 hexadecimal digits. */
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

async function sourcesOf(request: DebianRequest): Promise<{
  readonly suite: string
  readonly sources: readonly AptSource[]
}> {
  const host = await hostSources()
  const suite = request.suite ?? hostRelease(host)
  if (suite === undefined) {
    const why = 'no release is named, and apt on this host has none'
    const fix = 'Write `debian:<release>`, e.g. with the name of the current stable release.'
    throw distroError('ERR_SUITE_NOT_FOUND', 'debian:', why, fix)
  }
  const { mirror } = request
  if (mirror === undefined) return { suite, sources: releaseSources(host, suite) }
  const suites = [suite, `${suite}-updates`]
  return { suite, sources: suites.map((name) => ({ mirror, suite: name, components: ['main'] })) }
}

/**
 * Adds what the host says.
 * @throws CaissonError ERR_SUITE_NOT_FOUND, ERR_ARCH_UNSUPPORTED, ERR_MIRROR_UNREACHABLE when there is no mirror
 */
export async function resolveRequest(
  request: DebianRequest,
  defaultKeyring: string,
): Promise<ResolvedRequest> {
  const { suite, sources } = await sourcesOf(request)
  if (sources.length === 0) {
    const why = 'apt on this host has no mirror of Debian'
    throw distroError('ERR_MIRROR_UNREACHABLE', `debian:${suite}`, why, 'Give `mirror`.')
  }
  const architecture = request.architecture ?? debianArchitecture()
  const keyring = request.keyring ?? defaultKeyring
  const identity = [RECIPE_VERSION, architecture, keyring, request.packages, sources]
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32)
  return Object.freeze({ ...request, suite, architecture, keyring, sources, key })
}

async function* bytesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function openSuites(
  request: ResolvedRequest,
  reading: SuiteReading,
): Promise<readonly Suite[]> {
  const [main, ...others] = await Promise.all(
    request.sources.map((source) => openSuite(source, reading)),
  )
  if (main !== undefined) return [main, ...others.filter((suite) => suite !== undefined)]
  const why = 'the mirror has no such release'
  const fix = 'Check the name of the release, or give another `mirror`.'
  throw distroError('ERR_SUITE_NOT_FOUND', `debian:${request.suite}`, why, fix)
}

/**
 * Reads the indexes, and finds the packages to install.
 * @throws CaissonError of `openSuite`, `readPackages` and `closeDependencies`; ERR_SUITE_NOT_FOUND
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
  const suites = await openSuites(request, reading)
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
