import type { ErrorCode } from '../errors/codes.js'
import { outOfRange } from '../errors/invalid-argument.js'

/** What a number may be. */
export interface NumberRange {
  /** Least value allowed; default 0. */
  readonly min?: number
  /** Greatest value allowed; default 2^53-1. */
  readonly max?: number
  /** Code of the error; default ERR_INVALID_SPEC. */
  readonly code?: ErrorCode
}

/**
 * The number if it is within the range.
 * @throws RangeError with the range's code, naming the field
 */
export function checkRange(value: number, field: string, range: NumberRange, unit: string): number {
  const min = range.min ?? 0
  const max = range.max ?? Number.MAX_SAFE_INTEGER
  if (value >= min && value <= max) return value
  const why = Number.isNaN(value)
    ? 'is not a number'
    : `${value} is ${value < min ? `less than ${min}` : `more than ${max}`}${unit}`
  throw outOfRange({ field, why, code: range.code })
}
