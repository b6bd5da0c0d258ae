import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'

/** A boolean; undefined is the default given. @throws TypeError ERR_INVALID_SPEC */
export function parseFlag(value: unknown, field: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise
  if (typeof value === 'boolean') return value
  throw invalidArgument({ field, why: `must be true or false, not ${describeType(value)}` })
}
