import { invalidArgument } from '@caisson/core'
import { optionParser, type OptionParser } from '../debian/option-parser.js'
import { optional, parsePackages, type SourceRequest } from '../debian/source-options.js'

/** What a tool of the host is to make, parsed; what the host would say is still undefined. */
export interface BootstrapRequest extends SourceRequest {
  /** Beside those of the variant. */
  readonly packages: readonly string[]
  readonly variant: string
}

/** The variants that a tool has. */
export interface Variants<V extends string> {
  readonly all: readonly V[]
  readonly byDefault: V
  /** Those that install nothing by themselves: a request needs packages then. */
  readonly empty: readonly V[]
}

/** The parser of a tool. */
export function bootstrapParser<V extends string>(
  scheme: string,
  { all, byDefault, empty }: Variants<V>,
): OptionParser<{ readonly packages: readonly string[]; readonly variant: V }> {
  const parseVariant = (value: unknown = byDefault): V => {
    const variant = all.find((one) => one === value)
    if (variant !== undefined) return variant
    throw invalidArgument({ field: 'variant', why: `must be one of ${all.join(', ')}` })
  }
  const parser = optionParser({
    scheme,
    fields: ['packages', 'variant'],
    own: (given) => ({
      packages: optional(given.get('packages'), parsePackages) ?? [],
      variant: parseVariant(given.get('variant')),
    }),
    inReference: { packages: 'list', variant: 'word' },
  })
  return {
    options: (options) => parser.options(options),
    reference: (reference, options) => {
      const request = parser.reference(reference, options)
      const { packages, variant } = request
      if (packages.length > 0 || !empty.includes(variant)) return request
      const why = `\`${scheme}:${reference}\`: the variant ${variant} installs what is named alone, and nothing is`
      throw invalidArgument({ field: 'from', why })
    },
  }
}
