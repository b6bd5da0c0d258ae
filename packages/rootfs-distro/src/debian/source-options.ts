import { invalidArgument, parseDuration, type Duration } from '@caisson/core'

/** Where the packages of a Debian come from. */
export interface SourceOptions {
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
  /** For how long a root that was built is taken without asking the mirror for updates. Default 1 day. */
  readonly maxAge?: Duration
  /**
   * How long a mirror may take until it begins to answer, all tries together, before it counts as unreachable
   * (ERR_MIRROR_UNREACHABLE, or what was built before serves). Default: four tries of 30 seconds.
   */
  readonly mirrorTimeout?: Duration
}

/** Options, parsed; what the host would say is still undefined. */
export interface SourceRequest {
  readonly suite: string | undefined
  readonly mirror: string | undefined
  readonly architecture: string | undefined
  readonly keyring: string | undefined
  readonly maxAgeMs: number
  readonly mirrorTimeoutMs: number | undefined
}

/** Names of the fields of `SourceOptions`. */
export const sourceFields: readonly string[] = Object.freeze(
  'suite mirror architecture keyring maxAge mirrorTimeout'.split(' '),
)

const day = 86_400_000
const century = 100 * 366 * day

/** @throws TypeError ERR_INVALID_SPEC naming a field that is none of `fields` */
export function refuseUnknownFields(options: object, fields: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !fields.includes(name))
  if (unknown === undefined) return
  const why = `unknown field; there are ${fields.join(', ')}`
  throw invalidArgument({ field: unknown, why })
}

/** @throws TypeError ERR_INVALID_SPEC naming the field */
export function parseName(value: unknown, field: string, form: RegExp): string {
  if (typeof value === 'string' && form.test(value)) return value
  const why = `must match ${form.source}, which ${JSON.stringify(value)} does not`
  throw invalidArgument({ field, why })
}

/**
 * Names of packages, sorted, each once.
 * @throws TypeError ERR_INVALID_SPEC naming the field
 */
export function parsePackages(
  value: unknown,
  form: RegExp = /^[a-z0-9][a-z0-9+.-]+$/,
): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidArgument({ field: 'packages', why: 'must be an array of names, at least one' })
  }
  const names = value.map((name: unknown, index) => parseName(name, `packages[${index}]`, form))
  return Object.freeze([...new Set(names)].toSorted())
}

/** undefined stays what it is. */
export function optional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : parse(value)
}

function parseMirror(value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  // it becomes a word of apt's and debootstrap's languages, too
  const plain =
    url !== undefined && url.search === '' && url.hash === '' && !/[\s"[\]]/.test(url.href)
  if (plain && ['http:', 'https:'].includes(url.protocol)) return url.href.replace(/\/+$/, '')
  const why = 'must be an address that starts with http:// or https://'
  throw invalidArgument({ field: 'mirror', why })
}

/**
 * An absolute path of the host.
 * @throws TypeError ERR_INVALID_SPEC naming the field
 */
export function parseHostPath(value: unknown, field: string): string {
  if (typeof value === 'string' && /^\/[^\0\n\r]*$/.test(value)) return value
  throw invalidArgument({ field, why: 'must be an absolute path' })
}

/** @throws TypeError or RangeError ERR_INVALID_SPEC */
export function parseMaxAge(maxAge: Duration | undefined): number {
  return maxAge === undefined ? day : parseDuration(maxAge, 'maxAge', { min: 0, max: century })
}

/**
 * Options, checked.
 * @throws TypeError or RangeError ERR_INVALID_SPEC naming the field
 */
export function parseSourceOptions(options: SourceOptions): SourceRequest {
  const { suite, architecture, maxAge, mirrorTimeout } = options
  return {
    suite: optional(suite, (value) => parseName(value, 'suite', /^[a-z][a-z0-9-]*$/)),
    mirror: optional(options.mirror, parseMirror),
    architecture: optional(architecture, (it) => parseName(it, 'architecture', /^[a-z0-9]+$/)),
    keyring: optional(options.keyring, (it) => parseHostPath(it, 'keyring')),
    maxAgeMs: parseMaxAge(maxAge),
    mirrorTimeoutMs: optional(mirrorTimeout, (it) =>
      parseDuration(it, 'mirrorTimeout', { min: 1, max: day }),
    ),
  }
}

/**
 * A reference `<suite>?<name>=<value>&…` as options, lists by commas; empty parts are left out.
 * @param lists which names may stand there, and whether they are lists
 * @throws TypeError ERR_INVALID_SPEC
 */
export function parseReference(
  scheme: string,
  reference: string,
  names: Readonly<Record<string, 'list' | 'word'>>,
): Readonly<Record<string, string | readonly string[]>> {
  const [suite = '', query, ...more] = reference.split('?')
  const found: Record<string, string | readonly string[]> = suite === '' ? {} : { suite }
  const wrong = (): Error => {
    const form = Object.keys(names).map((name) => `${name}=…`)
    const why = `\`${scheme}:${reference}\` is not of the form ${scheme}:<suite>?${form.join('&')}`
    return invalidArgument({ field: 'from', why })
  }
  if (more.length > 0) throw wrong()
  for (const part of query === undefined ? [] : query.split('&')) {
    const [, name = '', value = ''] = /^([a-z]+)=(.*)$/.exec(part) ?? []
    const kind = Object.hasOwn(names, name) ? names[name] : undefined
    if (kind === undefined || Object.hasOwn(found, name)) throw wrong()
    found[name] = kind === 'word' ? value : value.split(',').filter((word) => word !== '')
  }
  return found
}
