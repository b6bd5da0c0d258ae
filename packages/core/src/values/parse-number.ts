import { invalidArgument, outOfRange } from '../errors/invalid-argument.js'
import { describeType } from './describe-type.js'
import { checkRange, type NumberRange } from './number-range.js'

/**
 * A number within the range; strings are not converted.
 * @throws TypeError or RangeError with the range's code (default ERR_INVALID_SPEC), naming the field
 */
export function parseNumber(value: unknown, field: string, range: NumberRange = {}): number {
  if (typeof value !== 'number') {
    const why = `must be a number, not ${describeType(value)}`
    throw invalidArgument({ field, why, code: range.code })
  }
  return checkRange(value, field, range, '')
}

/** As `parseNumber`, whole numbers only. */
export function parseInteger(value: unknown, field: string, range: NumberRange = {}): number {
  const number = parseNumber(value, field, range)
  if (!Number.isInteger(number)) {
    throw outOfRange({ field, why: `${number} is not a whole number`, code: range.code })
  }
  return number
}
