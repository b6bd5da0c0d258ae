import { bootstrapParser } from '../bootstrap/bootstrap-options.js'
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

/** Options and references of `mmdebstrap:`, checked. */
export const mmdebstrapOptions = bootstrapParser<MmdebstrapVariant>('mmdebstrap', {
  all: variants,
  byDefault: 'minbase',
  empty: ['extract', 'custom'],
})
