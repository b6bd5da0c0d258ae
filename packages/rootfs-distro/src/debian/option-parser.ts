import { invalidArgument, isCaissonError } from '@caisson/core'
import {
  parseReference,
  parseSourceOptions,
  refuseUnknownFields,
  sourceFields,
  type SourceRequest,
} from './source-options.js'

/** What the options of a scheme have beside where packages come from. */
export interface OptionForm<T extends object> {
  readonly scheme: string
  /** Names of the fields. */
  readonly fields: readonly string[]
  /** Checks them; what nobody gave is undefined. Throws TypeError or RangeError ERR_INVALID_SPEC. */
  readonly own: (given: ReadonlyMap<string, unknown>) => T
  /** Which of them may stand in a reference, and whether they are lists. */
  readonly inReference: Readonly<Record<string, 'list' | 'word'>>
}

/** Reads the options and the references of a scheme whose packages are Debian's. */
export interface OptionParser<T extends object> {
  /** @throws TypeError or RangeError ERR_INVALID_SPEC naming the field */
  options(options: object): SourceRequest & T
  /**
   * `<suite>?<name>=<value>&…`, in which every part may be missing; what it names takes the place of the options.
   * @throws TypeError or RangeError ERR_INVALID_SPEC, of the field `from` where the reference is at fault
   */
  reference(reference: string, options: object): SourceRequest & T
}

/** The parser of a scheme. */
export function optionParser<T extends object>(form: OptionForm<T>): OptionParser<T> {
  const { scheme, own, inReference } = form
  const fields = [...form.fields, ...sourceFields]
  const parse = (options: object): SourceRequest & T => {
    refuseUnknownFields(options, fields)
    const given = new Map<string, unknown>(Object.entries(options))
    return Object.freeze({ ...parseSourceOptions(options), ...own(given) })
  }
  return {
    options: parse,
    reference: (reference, options) => {
      const found = parseReference(scheme, reference, inReference)
      try {
        // of the words of a reference the parser of options says whether they are any good
        return parse({ ...options, ...found })
      } catch (error) {
        const field = isCaissonError(error) ? error.field?.replace(/\[.*/, '') : undefined
        if (field === undefined || !Object.hasOwn(found, field)) throw error
        // whoever wrote the reference has not heard of the field
        const why = `\`${scheme}:${reference}\`: ${error instanceof Error ? error.message : ''}`
        throw invalidArgument({ field: 'from', why })
      }
    },
  }
}
