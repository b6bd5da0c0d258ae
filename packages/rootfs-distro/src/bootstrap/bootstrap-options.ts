import { invalidArgument } from '@caisson/core'
import { optionParser, type OptionParser } from '../debian/option-parser.js'
import { optional, parsePackages, type SourceRequest } from '../debian/source-options.js'

/** What a tool of the host is to make, parsed; what the host would say is still undefined. */
export interface BootstrapRequest extends SourceRequest {
  /** Beside those of the variant. */
  readonly packages: readonly string[]
  readonly variant: string
}

/** The parser of a tool with these variants, of which one is the default. */
export function bootstrapParser<V extends string>(
  scheme: string,
  variants: readonly V[],
  byDefault: V,
): OptionParser<{ readonly packages: readonly string[]; readonly variant: V }> {
  const parseVariant = (value: unknown = byDefault): V => {
    const variant = variants.find((one) => one === value)
    if (variant !== undefined) return variant
    throw invalidArgument({ field: 'variant', why: `must be one of ${variants.join(', ')}` })
  }
  return optionParser({
    scheme,
    fields: ['packages', 'variant'],
    own: (given) => ({
      packages: optional(given.get('packages'), parsePackages) ?? [],
      variant: parseVariant(given.get('variant')),
    }),
    inReference: { packages: 'list', variant: 'word' },
  })
}
