import { invalidArgument } from '@caisson/core'
import { bootstrapParser, type BootstrapRequest } from '../bootstrap/bootstrap-options.js'
import type { SourceOptions } from '../debian/source-options.js'

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
export interface MmdebstrapRequest extends BootstrapRequest {
  readonly variant: MmdebstrapVariant
}

const parser = bootstrapParser<MmdebstrapVariant>('mmdebstrap', variants, 'minbase')

/**
 * Options of `mmdebstrap:`, checked.
 * @throws TypeError or RangeError ERR_INVALID_SPEC naming the field
 */
export function parseMmdebstrapOptions(options: MmdebstrapOptions): MmdebstrapRequest {
  return parser.options(options)
}

/**
 * `<suite>?variant=<variant>&packages=<name>,<name>`, in which every part may be missing; what is missing is as in the options.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function parseMmdebstrapReference(
  reference: string,
  options: MmdebstrapOptions,
): MmdebstrapRequest {
  const request = parser.reference(reference, options)
  const { packages, variant } = request
  if (packages.length > 0 || (variant !== 'extract' && variant !== 'custom')) return request
  throw invalidArgument({ field: 'packages', why: `of the variant ${variant} none is a default` })
}
