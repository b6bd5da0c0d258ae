import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from './describe-type.js'
import { checkRange, type NumberRange } from './number-range.js'

/** Units of a quantity, as factors of its base unit. */
export interface UnitTable {
  readonly factors: Readonly<Record<string, number>>
  /** For messages, e.g. `bytes`. */
  readonly base: string
  /** For messages, e.g. `64MiB`. */
  readonly example: string
}

const form = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/

/** A number of base units, or a string of number and unit, as a number of base units. */
export function parseUnit(
  value: unknown,
  field: string,
  table: UnitTable,
  range: NumberRange,
): number {
  if (typeof value === 'number') return checkRange(value, field, range, ` ${table.base}`)
  if (typeof value !== 'string') {
    const why = `must be a number of ${table.base} or a string like '${table.example}', not ${describeType(value)}`
    throw invalidArgument({ field, why, code: range.code })
  }
  const match = form.exec(value)
  const unit = match?.[2] ?? ''
  const factor = Object.hasOwn(table.factors, unit) ? table.factors[unit] : undefined
  if (match === null || factor === undefined) {
    const units = Object.keys(table.factors).join(', ')
    const why = `'${value.slice(0, 40)}' is not a number and one of ${units} (e.g. '${table.example}')`
    throw invalidArgument({ field, why, code: range.code })
  }
  return checkRange(Number(match[1]) * factor, field, range, ` ${table.base}`)
}
