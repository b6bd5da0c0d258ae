import { invalidArgument, type Duration } from '@caisson/core'
import {
  optional,
  parseHostPath,
  parseMaxAge,
  parseName,
  parsePackages,
  parseReference,
  refuseUnknownFields,
} from '../debian/source-options.js'

/** A repository of RPM packages. */
export interface DnfRepository {
  /** Its name in messages: letters, digits, `.`, `_`, `-`. */
  readonly id: string
  /** Where `repodata/` lies: `https://…`, `http://…`, or `file:///…` of this host. */
  readonly baseurl: string
  /**
   * Absolute path of the public key that packages must be signed by. Without one they are not checked: only for `file:`, whose
   * files this host trusts already.
   */
  readonly gpgkey?: string
}

/** What dnf makes. */
export interface DnfOptions {
  /** Repositories, one at least; those of the host are never used. */
  readonly repos: readonly DnfRepository[]
  /** Release of the distribution, e.g. `42`: what packages and addresses mean by `$releasever`. Default `1`. */
  readonly release?: string
  /** Packages to install, with what they require; no recommendations, no documentation. */
  readonly packages?: readonly string[]
  /** For how long a root that was built is taken without asking the repositories for updates. Default 1 day. */
  readonly maxAge?: Duration
}

/** Options, parsed. */
export interface DnfRequest {
  readonly repos: readonly DnfRepository[]
  readonly release: string
  readonly packages: readonly string[]
  readonly maxAgeMs: number
}

const fields: readonly string[] = ['repos', 'release', 'packages', 'maxAge']
const packageForm = /^[A-Za-z0-9][A-Za-z0-9+._-]*$/

function parseBaseurl(value: unknown, field: string): string {
  // it becomes a line of dnf's configuration
  const isPlain = typeof value === 'string' && URL.canParse(value) && /^[!-~]+$/.test(value)
  if (isPlain && /^(?:https?:\/\/[^/]|file:\/\/\/)/.test(value)) return value.replace(/\/+$/, '')
  const why = 'must be an address that starts with https://, http:// or file:///'
  throw invalidArgument({ field, why })
}

function parseRepository(value: unknown, field: string): DnfRepository {
  if (typeof value !== 'object' || value === null) {
    throw invalidArgument({ field, why: 'must be `{ id, baseurl, gpgkey? }`' })
  }
  refuseUnknownFields(value, ['id', 'baseurl', 'gpgkey'])
  const given: { readonly id?: unknown; readonly baseurl?: unknown; readonly gpgkey?: unknown } =
    value
  const id = parseName(given.id, `${field}.id`, /^(?!main$)[A-Za-z0-9][A-Za-z0-9._-]*$/)
  const baseurl = parseBaseurl(given.baseurl, `${field}.baseurl`)
  const gpgkey = optional(given.gpgkey, (path) => parseHostPath(path, `${field}.gpgkey`))
  if (gpgkey === undefined && !baseurl.startsWith('file:')) {
    const why = 'a repository of a network needs the key that its packages are signed by'
    throw invalidArgument({ field: `${field}.gpgkey`, why })
  }
  return Object.freeze({ id, baseurl, ...(gpgkey === undefined ? {} : { gpgkey }) })
}

function parseRepositories(value: unknown): readonly DnfRepository[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidArgument({ field: 'repos', why: 'must be an array of repositories, at least one' })
  }
  const repos = value.map((one: unknown, index) => parseRepository(one, `repos[${index}]`))
  if (new Set(repos.map(({ id }) => id)).size === repos.length) return Object.freeze(repos)
  throw invalidArgument({ field: 'repos', why: 'two of them have the same id' })
}

/**
 * Options of `dnf:`, checked; packages may be left to the reference.
 * @throws TypeError or RangeError ERR_INVALID_SPEC naming the field
 */
export function parseDnfOptions(options: DnfOptions): DnfRequest {
  refuseUnknownFields(options, fields)
  return Object.freeze({
    repos: parseRepositories(options.repos),
    release: parseName(options.release ?? '1', 'release', /^[A-Za-z0-9][A-Za-z0-9._-]*$/),
    packages: optional(options.packages, (it) => parsePackages(it, packageForm)) ?? [],
    maxAgeMs: parseMaxAge(options.maxAge),
  })
}

/**
 * A reference: `42?packages=bash,coreutils`, `?packages=busybox`; empty: as the options say.
 * @throws TypeError ERR_INVALID_SPEC, also when no package is named
 */
export function parseDnfReference(reference: string, options: DnfOptions): DnfRequest {
  const { suite, ...found } = parseReference('dnf', reference, { packages: 'list' })
  const release = typeof suite === 'string' ? { release: suite } : {}
  const request = parseDnfOptions({ ...options, ...found, ...release })
  if (request.packages.length > 0) return request
  const why = 'no package is named: write `dnf:?packages=<name>,<name>`, or give `packages`'
  throw invalidArgument({ field: 'packages', why })
}
