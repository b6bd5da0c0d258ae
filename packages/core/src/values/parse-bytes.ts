import { outOfRange } from '../errors/invalid-argument.js'
import type { NumberRange } from './number-range.js'
import { parseUnit, type UnitTable } from './parse-unit.js'

const units: UnitTable = {
  factors: {
    B: 1,
    KiB: 1024,
    MiB: 1024 ** 2,
    GiB: 1024 ** 3,
    TiB: 1024 ** 4,
    kB: 1000,
    MB: 1000 ** 2,
    GB: 1000 ** 3,
  },
  base: 'bytes',
  example: '64MiB',
}

/**
 * A `Bytes` as a whole number of bytes; a fraction of a unit is rounded down (`1.5KiB` is 1536).
 * @throws TypeError or RangeError with the range's code (default ERR_INVALID_SPEC), naming the field
 */
export function parseBytes(given: unknown, field: string, range: NumberRange = {}): number {
  // beyond 2^53 it is out of every range, so that nothing is lost unseen
  const value = typeof given === 'bigint' ? Number(given) : given
  const bytes = parseUnit(value, field, units, range)
  if (typeof value === 'number' && !Number.isInteger(value)) {
    throw outOfRange({ field, why: `${value} is not a whole number of bytes`, code: range.code })
  }
  return Math.floor(bytes)
}
