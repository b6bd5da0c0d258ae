import type { TerminalSize } from '../contracts/process.js'
import { parseInteger } from '../values/parse-number.js'
import { checkFields } from './check-fields.js'

const fields: ReadonlySet<string> = new Set(['cols', 'rows'])
const range = Object.freeze({ min: 1, max: 65_535 })

/**
 * The size of a terminal; both numbers are required.
 * @throws TypeError or RangeError ERR_INVALID_SPEC
 */
export function parseTty(value: unknown, field: string): TerminalSize {
  const given = checkFields(value, field, fields)
  return Object.freeze({
    cols: parseInteger(given['cols'], `${field}.cols`, range),
    rows: parseInteger(given['rows'], `${field}.rows`, range),
  })
}
