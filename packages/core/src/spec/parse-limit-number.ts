import { invalidArgument } from '../errors/invalid-argument.js'
import { parseBytes } from '../values/parse-bytes.js'
import { parseDuration } from '../values/parse-duration.js'
import { parseInteger } from '../values/parse-number.js'
import { checkFields } from './check-fields.js'

/** Turns what a caller wrote into the parsed form. @throws TypeError or RangeError ERR_LIMIT_RANGE, naming the field */
export type LimitParser<T> = (value: unknown, field: string) => T

/** The code of every bad limit. */
export const code = 'ERR_LIMIT_RANGE'

export const bytes =
  (min: number): LimitParser<number> =>
  (value, field) =>
    parseBytes(value, field, { min, code })

export const count =
  (min: number, max = 2 ** 31 - 1): LimitParser<number> =>
  (value, field) =>
    parseInteger(value, field, { min, max, code })

export const milliseconds =
  (min: number): LimitParser<number> =>
  (value, field) =>
    parseDuration(value, field, { min, code })

/** `max`, or what the parser takes. */
export const orMax =
  <T>(parse: LimitParser<T>): LimitParser<T | 'max'> =>
  (value, field) =>
    value === 'max' ? value : parse(value, field)

/**
 * An object of fields that are all optional, each parsed by its own; frozen, without those that are undefined.
 * @throws TypeError or RangeError ERR_LIMIT_RANGE, ERR_INVALID_SPEC for an unknown field
 */
export function parseParts<P extends Readonly<Record<string, LimitParser<unknown>>>>(
  value: unknown,
  field: string,
  parsers: P,
): { readonly [K in keyof P]?: ReturnType<P[K]> } {
  const given = checkFields(value, field, new Set(Object.keys(parsers)))
  const parts: { [K in keyof P]?: ReturnType<P[K]> } = {}
  for (const name in parsers) {
    if (given[name] === undefined) continue
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the parser of this very field returned
    parts[name] = parsers[name]?.(given[name], `${field}.${name}`) as ReturnType<P[typeof name]>
  }
  return Object.freeze(parts)
}

/**
 * A record of names of the caller's, each value parsed alike; frozen.
 * @param form of a name
 * @param names for messages: what a name is
 */
export function parseNamed<T>(
  entries: Readonly<Record<string, unknown>>,
  field: string,
  form: RegExp,
  names: string,
  parse: LimitParser<T>,
): Readonly<Record<string, T>> {
  const parsed: [string, T][] = []
  for (const [name, value] of Object.entries(entries)) {
    if (value === undefined) continue
    if (!form.test(name)) {
      const why = `${JSON.stringify(name.slice(0, 40))} is not ${names}`
      throw invalidArgument({ field, why, code })
    }
    parsed.push([name, parse(value, `${field}.${name}`)])
  }
  return Object.freeze(Object.fromEntries(parsed))
}
