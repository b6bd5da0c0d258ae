import { distroError } from '../distro-error.js'
import { parseControl } from './control-file.js'

/** A file that a Release file vouches for. */
export interface ReleaseEntry {
  /** Path below `dists/<suite>/`. */
  readonly path: string
  readonly size: number
  /** Lower case hexadecimal. */
  readonly sha256: string
}

/** What a suite says of itself, once its signature is checked. */
export interface ReleaseFile {
  readonly suite: string
  readonly codename: string
  readonly date: Date
  readonly validUntil: Date | undefined
  readonly architectures: readonly string[]
  readonly components: readonly string[]
  /** Files can be fetched by `by-hash/SHA256/<digest>`, so that a mirror may change underneath. */
  readonly byHash: boolean
  readonly entries: ReadonlyMap<string, ReleaseEntry>
}

// A day: clocks of hosts are wrong, and a mirror may be ahead of ours.
const skewMs = 86_400_000

function parseDate(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const date = new Date(text.replace(/ UTC$/, ' GMT'))
  return Number.isNaN(date.getTime()) ? undefined : date
}

function parseEntries(list: string): ReadonlyMap<string, ReleaseEntry> {
  const entries = new Map<string, ReleaseEntry>()
  for (const line of list.split('\n')) {
    const match = /^([0-9a-f]{64})\s+(\d{1,15})\s+([A-Za-z0-9._+/-]+)$/.exec(line.trim())
    const [, sha256, size, path] = match ?? []
    if (sha256 === undefined || path === undefined || path.split('/').includes('..')) continue
    entries.set(path, { path, size: Number(size), sha256 })
  }
  return entries
}

/**
 * Reads a Release file whose signature is checked already.
 * @param now milliseconds since 1970, against which dates are judged; undefined: they are not (snapshots of the past)
 * @throws CaissonError ERR_SIGNATURE_INVALID when it is none, ERR_RELEASE_EXPIRED when its time is over or has not come
 */
export function parseRelease(text: string, subject: string, now: number | undefined): ReleaseFile {
  const [fields] = parseControl(text)
  const get = (name: string): string => fields?.get(name) ?? ''
  const date = parseDate(fields?.get('date'))
  const entries = parseEntries(get('sha256'))
  if (date === undefined || entries.size === 0) {
    const why = 'what is signed is no Release file with a date and SHA-256 digests'
    throw distroError('ERR_SIGNATURE_INVALID', subject, why, 'Use a mirror of Debian.')
  }
  const validUntil = parseDate(fields?.get('valid-until'))
  if (now !== undefined) checkDates(subject, date, validUntil, now)
  const list = (name: string): readonly string[] => get(name).split(/\s+/).filter(Boolean)
  return {
    suite: get('suite'),
    codename: get('codename'),
    date,
    validUntil,
    architectures: list('architectures'),
    components: list('components'),
    byHash: get('acquire-by-hash') === 'yes',
    entries,
  }
}

function checkDates(subject: string, date: Date, validUntil: Date | undefined, now: number): void {
  const fix = 'Check the clock of this host; for a snapshot of the past, set `checkDates: false`.'
  if (validUntil !== undefined && validUntil.getTime() < now) {
    const why = `its index was valid until ${validUntil.toISOString()}: the mirror is stale, or hides updates`
    throw distroError('ERR_RELEASE_EXPIRED', subject, why, fix)
  }
  if (date.getTime() > now + skewMs) {
    const why = `its index is of ${date.toISOString()}, which is still to come`
    throw distroError('ERR_RELEASE_EXPIRED', subject, why, fix)
  }
}
