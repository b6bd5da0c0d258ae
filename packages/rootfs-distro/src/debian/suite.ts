import { gunzipSync } from 'node:zlib'
import { cached, type BlobCache } from '../blob-cache.js'
import { distroError } from '../distro-error.js'
import { download } from '../download.js'
import type { AptSource } from './apt-sources.js'
import { parseRelease, type ReleaseEntry, type ReleaseFile } from './release-file.js'
import { verifyRelease } from './verify-release.js'

/** How a suite is read. */
export interface SuiteReading {
  readonly architecture: string
  /** Absolute path of a binary keyring. */
  readonly keyring: string
  /** Milliseconds since 1970 to judge dates by; undefined: they are not judged. */
  readonly now: number | undefined
  readonly cache: BlobCache
  /** How long it may take until the mirror begins to answer; undefined: as `download` has it. */
  readonly answerMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** Decompresses xz. */
  readonly unxz: (bytes: Buffer) => Promise<Buffer>
}

/** A suite whose signature and dates are good. */
export interface Suite {
  readonly source: AptSource
  readonly release: ReleaseFile
}

// Debian's own are about 150 KB and 60 MB
const maxRelease = 8 << 20
const maxPackages = 512 << 20

function subjectOf(source: AptSource): string {
  return `${new URL(source.mirror).host} ${source.suite}`
}

function baseOf(source: AptSource): string {
  return `${source.mirror}/dists/${source.suite}`
}

/**
 * The signed index of a suite.
 * @returns undefined when the mirror has no such suite
 * @throws CaissonError ERR_MIRROR_UNREACHABLE, ERR_SIGNATURE_INVALID, ERR_RELEASE_EXPIRED, ERR_TOOL_MISSING, ERR_ABORTED
 */
export async function openSuite(
  source: AptSource,
  reading: SuiteReading,
): Promise<Suite | undefined> {
  const { keyring, now, answerMs, signal } = reading
  const url = `${baseOf(source)}/InRelease`
  const message = await download({ url, maxBytes: maxRelease, answerMs, signal })
  if (message === undefined) return undefined
  const subject = subjectOf(source)
  const text = await verifyRelease({ message: message.toString('utf8'), keyring, subject, signal })
  return { source, release: parseRelease(text, subject, now) }
}

async function fetchEntry(
  { source, release }: Suite,
  entry: ReleaseEntry,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const directory = entry.path.slice(0, entry.path.lastIndexOf('/'))
  const path = release.byHash ? `${directory}/by-hash/SHA256/${entry.sha256}` : entry.path
  const url = `${baseOf(source)}/${path}`
  const bytes = await download({ url, maxBytes: entry.size, expect: entry, signal })
  if (bytes !== undefined) return bytes
  const why = `${path} is named in the signed index, and is not there`
  const fix = 'Try again later, or use another mirror: this one is being updated.'
  throw distroError('ERR_MIRROR_UNREACHABLE', subjectOf(source), why, fix)
}

/**
 * The text of the index of packages of one component.
 * @throws CaissonError ERR_ARCH_UNSUPPORTED when the suite has none for the architecture; ERR_MIRROR_UNREACHABLE,
 * ERR_DIGEST_MISMATCH, ERR_ABORTED
 */
export async function readPackages(
  suite: Suite,
  component: string,
  { architecture, cache, signal, unxz }: SuiteReading,
): Promise<string> {
  const path = `${component}/binary-${architecture}/Packages`
  const { entries, architectures } = suite.release
  const packed = entries.get(`${path}.xz`) ?? entries.get(`${path}.gz`)
  const entry = packed ?? entries.get(path)
  if (entry === undefined || entry.size > maxPackages) {
    const why = `it has no ${path}; its architectures are ${architectures.join(', ')}`
    throw distroError(
      'ERR_ARCH_UNSUPPORTED',
      subjectOf(suite.source),
      why,
      'Correct `architecture`.',
    )
  }
  const bytes = await cached(cache, entry.sha256, () => fetchEntry(suite, entry, signal))
  if (entry.path.endsWith('.xz')) return (await unxz(bytes)).toString('utf8')
  return (entry.path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}
