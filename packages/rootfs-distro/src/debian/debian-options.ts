import { invalidArgument, parseDuration, type Duration } from '@caisson/core'

/** What a root of Debian is made of. */
export interface DebianOptions {
  /** Packages to install, with all that they depend on. Default: a small system with bash, coreutils, grep, sed and tar. */
  readonly packages?: readonly string[]
  /** Release, e.g. `bookworm`. Default: the one that apt on this host uses. */
  readonly suite?: string
  /**
   * A mirror's address, http or https, e.g. of a proxy of your own; its suites `<suite>` and `<suite>-updates` are used.
   * Default: where apt on this host gets the release, its updates and its security updates.
   */
  readonly mirror?: string
  /** Default: Node's. Names of Debian, e.g. `arm64`. */
  readonly architecture?: string
  /** Absolute path of a binary OpenPGP keyring. Default: the keys of Debian's archive that this package brings. */
  readonly keyring?: string
  /** Whether an index that is too old is refused (ERR_RELEASE_EXPIRED). Default true; false for snapshots of the past. */
  readonly checkDates?: boolean
  /** For how long a root that was built is taken without asking the mirror for updates. Default 1 day. */
  readonly maxAge?: Duration
  /**
   * How long a mirror may take until it begins to answer, all tries together, before it counts as unreachable
   * (ERR_MIRROR_UNREACHABLE, or what was built before serves). Default: four tries of 30 seconds.
   */
  readonly mirrorTimeout?: Duration
}

/** Options, parsed; what the host would say is still undefined. */
export interface DebianRequest {
  readonly packages: readonly string[]
  readonly suite: string | undefined
  readonly mirror: string | undefined
  readonly architecture: string | undefined
  readonly keyring: string | undefined
  readonly checkDates: boolean
  readonly maxAgeMs: number
  readonly mirrorTimeoutMs: number | undefined
}

const fields: ReadonlySet<string> = new Set(
  'packages suite mirror architecture keyring checkDates maxAge mirrorTimeout'.split(' '),
)
const day = 86_400_000
const century = 100 * 366 * day
const defaultPackages: readonly string[] = Object.freeze(
  'base-files bash coreutils dash findutils grep gzip libc-bin sed tar'.split(' '),
)

function parsePackages(value: unknown): readonly string[] {
  if (value === undefined) return defaultPackages
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidArgument({ field: 'packages', why: 'must be an array of names, at least one' })
  }
  const names = value.map((name: unknown, index) =>
    parseName(name, `packages[${index}]`, /^[a-z0-9][a-z0-9+.-]+$/),
  )
  return Object.freeze([...new Set(names)].toSorted())
}

function parseName(value: unknown, field: string, form: RegExp): string {
  if (typeof value === 'string' && form.test(value)) return value
  const why = `must match ${form.source}, which ${JSON.stringify(value)} does not`
  throw invalidArgument({ field, why })
}

function parseMirror(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const usable = typeof value === 'string' && URL.canParse(value)
  const url = usable ? new URL(value) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.search !== '') {
    throw invalidArgument({
      field: 'mirror',
      why: 'must be an address that starts with http:// or https://',
    })
  }
  return url.href.replace(/\/+$/, '')
}

function optional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : parse(value)
}

function parseKeyring(value: unknown): string {
  if (typeof value === 'string' && value.startsWith('/') && !value.includes('\0')) return value
  throw invalidArgument({ field: 'keyring', why: 'must be an absolute path' })
}

/**
 * Options of `debian:`, checked.
 * @throws TypeError or RangeError ERR_INVALID_SPEC naming the field
 */
export function parseDebianOptions(options: DebianOptions): DebianRequest {
  for (const name of Object.keys(options)) {
    if (!fields.has(name)) {
      throw invalidArgument({
        field: name,
        why: `unknown field; there are ${[...fields].join(', ')}`,
      })
    }
  }
  const { suite, architecture, checkDates, maxAge, mirrorTimeout } = options
  if (checkDates !== undefined && typeof checkDates !== 'boolean') {
    throw invalidArgument({ field: 'checkDates', why: 'must be true or false' })
  }
  return Object.freeze({
    packages: parsePackages(options.packages),
    suite: optional(suite, (value) => parseName(value, 'suite', /^[a-z][a-z0-9-]*$/)),
    mirror: parseMirror(options.mirror),
    architecture: optional(architecture, (it) => parseName(it, 'architecture', /^[a-z0-9]+$/)),
    keyring: optional(options.keyring, parseKeyring),
    checkDates: checkDates ?? true,
    maxAgeMs:
      maxAge === undefined ? day : parseDuration(maxAge, 'maxAge', { min: 0, max: century }),
    mirrorTimeoutMs:
      mirrorTimeout === undefined
        ? undefined
        : parseDuration(mirrorTimeout, 'mirrorTimeout', { min: 1, max: day }),
  })
}

/**
 * A reference: `bookworm`, `?packages=gcc,libc6-dev`, `bookworm?packages=g++`; empty: as the options say. What it names takes
 * the place of the options.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function parseDebianReference(reference: string, options: DebianOptions): DebianRequest {
  const [suite = '', query, ...more] = reference.split('?')
  const list = query === undefined ? undefined : /^packages=(.*)$/.exec(query)?.[1]
  if (more.length > 0 || (query !== undefined && list === undefined)) {
    const why = `\`debian:${reference}\` is not of the form debian:<suite>?packages=<name>,<name>`
    throw invalidArgument({ field: 'from', why })
  }
  return parseDebianOptions({
    ...options,
    ...(suite === '' ? {} : { suite }),
    ...(list === undefined ? {} : { packages: list.split(',').filter((name) => name !== '') }),
  })
}
