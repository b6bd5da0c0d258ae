import { bootstrapParser } from '../bootstrap/bootstrap-options.js'
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

/** Options and references of `debootstrap:`, checked. */
export const debootstrapOptions = bootstrapParser<DebootstrapVariant>('debootstrap', {
  all: variants,
  byDefault: 'minbase',
  empty: [],
})
