import { invalidArgument } from '@caisson/core'
import { optionParser } from './option-parser.js'
import { parsePackages, type SourceOptions, type SourceRequest } from './source-options.js'

/** What a root of Debian is made of. */
export interface DebianOptions extends SourceOptions {
  /** Packages to install, with all that they depend on. Default: a small system with bash, coreutils, grep, sed and tar. */
  readonly packages?: readonly string[]
  /** Whether an index that is too old is refused (ERR_RELEASE_EXPIRED). Default true; false for snapshots of the past. */
  readonly checkDates?: boolean
}

/** Options, parsed; what the host would say is still undefined. */
export interface DebianRequest extends SourceRequest {
  readonly packages: readonly string[]
  readonly checkDates: boolean
}

const defaultPackages: readonly string[] = Object.freeze(
  'base-files bash coreutils dash findutils grep gzip libc-bin sed tar'.split(' '),
)

function parseCheckDates(value: unknown = true): boolean {
  if (typeof value === 'boolean') return value
  throw invalidArgument({ field: 'checkDates', why: 'must be true or false' })
}

const parser = optionParser<Omit<DebianRequest, keyof SourceRequest>>({
  scheme: 'debian',
  fields: ['packages', 'checkDates'],
  own: (given) => ({
    packages: parsePackages(given.get('packages') ?? defaultPackages),
    checkDates: parseCheckDates(given.get('checkDates')),
  }),
  inReference: { packages: 'list' },
})

/**
 * Options of `debian:`, checked.
 * @throws TypeError or RangeError ERR_INVALID_SPEC naming the field
 */
export function parseDebianOptions(options: DebianOptions): DebianRequest {
  return parser.options(options)
}

/**
 * A reference: `bookworm`, `?packages=gcc,libc6-dev`, `bookworm?packages=g++`; empty: as the options say. What it names takes
 * the place of the options.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function parseDebianReference(reference: string, options: DebianOptions): DebianRequest {
  return parser.reference(reference, options)
}
