import { invalidArgument } from '@caisson/core'
import {
  parsePackages,
  parseReference,
  parseSourceOptions,
  refuseUnknownFields,
  sourceFields,
  type SourceOptions,
  type SourceRequest,
} from '../debian/source-options.js'

const variants = [
  'extract',
  'custom',
  'essential',
  'apt',
  'required',
  'minbase',
  'buildd',
  'important',
  'standard',
] as const

/** What mmdebstrap(1) installs before anything is named; `extract` unpacks what is named and runs no maintainer script. */
export type MmdebstrapVariant = (typeof variants)[number]

/** What a root made by mmdebstrap is made of. */
export interface MmdebstrapOptions extends SourceOptions {
  /** Packages to install beside those of the variant. Default none; `extract` and `custom` need one at least. */
  readonly packages?: readonly string[]
  /** Default `minbase`: what is essential, and apt. */
  readonly variant?: MmdebstrapVariant
}

/** Options, parsed; what the host would say is still undefined. */
export interface MmdebstrapRequest extends SourceRequest {
  readonly packages: readonly string[]
  readonly variant: MmdebstrapVariant
}

const fields: readonly string[] = ['packages', 'variant', ...sourceFields]

function parseVariant(value: unknown): MmdebstrapVariant {
  const variant = variants.find((one) => one === value)
  if (variant !== undefined) return variant
  throw invalidArgument({ field: 'variant', why: `must be one of ${variants.join(', ')}` })
}

/**
 * Options of `mmdebstrap:`, checked.
 * @throws TypeError or RangeError ERR_INVALID_SPEC naming the field
 */
export function parseMmdebstrapOptions(options: MmdebstrapOptions): MmdebstrapRequest {
  refuseUnknownFields(options, fields)
  const variant = parseVariant(options.variant ?? 'minbase')
  const packages = options.packages === undefined ? [] : parsePackages(options.packages)
  return Object.freeze({ ...parseSourceOptions(options), packages, variant })
}

/**
 * `<suite>?variant=<variant>&packages=<name>,<name>`, in which every part may be missing; what is missing is as in the options.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function parseMmdebstrapReference(
  reference: string,
  options: MmdebstrapOptions,
): MmdebstrapRequest {
  // of the words of a reference the parser of options says whether they are any good
  const request = parseMmdebstrapOptions(
    Object.assign(
      { ...options },
      parseReference('mmdebstrap', reference, { packages: 'list', variant: 'word' }),
    ),
  )
  const { packages, variant } = request
  if (packages.length > 0 || (variant !== 'extract' && variant !== 'custom')) return request
  throw invalidArgument({ field: 'packages', why: `of the variant ${variant} none is a default` })
}
