import { bootstrapParser, type BootstrapRequest } from '../bootstrap/bootstrap-options.js'
import type { SourceOptions } from '../debian/source-options.js'

const variants = ['minbase', 'buildd', 'base'] as const

/**
 * What debootstrap(8) installs before anything is named: `minbase`, the packages that are required, and apt; `buildd`, these and
 * what packages are built with; `base`, these and the important ones, which it does without `--variant`.
 */
export type DebootstrapVariant = (typeof variants)[number]

/** What a root made by debootstrap is made of. */
export interface DebootstrapOptions extends SourceOptions {
  /**
   * Packages to install beside those of the variant. Default none. debootstrap takes the first of alternative dependencies and knows
   * nothing of versions or of packages that provide others: for those there are `debian:` and `mmdebstrap:`.
   */
  readonly packages?: readonly string[]
  /** Default `minbase`. */
  readonly variant?: DebootstrapVariant
}

/** Options, parsed; what the host would say is still undefined. */
export interface DebootstrapRequest extends BootstrapRequest {
  readonly variant: DebootstrapVariant
}

const parser = bootstrapParser<DebootstrapVariant>('debootstrap', variants, 'minbase')

/**
 * Options of `debootstrap:`, checked.
 * @throws TypeError or RangeError ERR_INVALID_SPEC naming the field
 */
export function parseDebootstrapOptions(options: DebootstrapOptions): DebootstrapRequest {
  return parser.options(options)
}

/**
 * `<suite>?variant=<variant>&packages=<name>,<name>`, in which every part may be missing; what is missing is as in the options.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function parseDebootstrapReference(
  reference: string,
  options: DebootstrapOptions,
): DebootstrapRequest {
  return parser.reference(reference, options)
}
