import { createHash } from 'node:crypto'
import { distroError } from '../distro-error.js'
import { hostSources, type AptSource } from './apt-sources.js'
import { debianArchitecture } from './architecture.js'
import { hostRelease, releaseSources } from './release-sources.js'
import type { SourceRequest } from './source-options.js'
import { openSuite, type Suite, type SuiteReading } from './suite.js'

/** A request in which nothing is left to the host. */
export interface ResolvedSources extends SourceRequest {
  readonly suite: string
  readonly architecture: string
  readonly keyring: string
  /** That of the release itself first. */
  readonly sources: readonly AptSource[]
}

/** Equal for equal requests: 32 hexadecimal digits. */
export function requestKey(identity: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32)
}

async function sourcesOf(
  scheme: string,
  request: SourceRequest,
): Promise<{ readonly suite: string; readonly sources: readonly AptSource[] }> {
  const host = await hostSources()
  const suite = request.suite ?? hostRelease(host)
  if (suite === undefined) {
    const why = 'no release is named, and apt on this host has none'
    const fix = `Write \`${scheme}:<release>\`, e.g. with the name of the current stable release.`
    throw distroError('ERR_SUITE_NOT_FOUND', `${scheme}:`, why, fix)
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
export async function resolveSources<R extends SourceRequest>(
  scheme: string,
  request: R,
  defaultKeyring: string,
): Promise<R & ResolvedSources> {
  const { suite, sources } = await sourcesOf(scheme, request)
  if (sources.length === 0) {
    const why = 'apt on this host has no mirror of Debian'
    throw distroError('ERR_MIRROR_UNREACHABLE', `${scheme}:${suite}`, why, 'Give `mirror`.')
  }
  const architecture = request.architecture ?? debianArchitecture()
  const keyring = request.keyring ?? defaultKeyring
  return { ...request, suite, architecture, keyring, sources }
}

/**
 * The signed indexes of the sources, that of the release itself first; updates that a mirror does not have are left out.
 * @throws CaissonError of `openSuite`; ERR_SUITE_NOT_FOUND
 */
export async function openSuites(
  scheme: string,
  { sources, suite }: ResolvedSources,
  reading: SuiteReading,
): Promise<readonly Suite[]> {
  const [main, ...others] = await Promise.all(sources.map((source) => openSuite(source, reading)))
  if (main !== undefined) return [main, ...others.filter((one) => one !== undefined)]
  const why = 'the mirror has no such release'
  const fix = 'Check the name of the release, or give another `mirror`.'
  throw distroError('ERR_SUITE_NOT_FOUND', `${scheme}:${suite}`, why, fix)
}
