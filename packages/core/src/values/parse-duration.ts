import type { NumberRange } from './number-range.js'
import { parseUnit, type UnitTable } from './parse-unit.js'

const units: UnitTable = {
  factors: { ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
  base: 'milliseconds',
  example: '1.5s',
}

/**
 * A `Duration` as milliseconds; fractions are kept.
 * @throws TypeError or RangeError with the range's code (default ERR_INVALID_SPEC), naming the field
 */
export function parseDuration(value: unknown, field: string, range: NumberRange = {}): number {
  return parseUnit(value, field, units, range)
}
