import type { CaissonError } from './caisson-error.js'
import type { ErrorCode } from './codes.js'
import { ERROR_BRAND } from './error-fields.js'

/** Whether a value is an error of ours, of any copy of this package; with `code`, whether it is that one. */
export function isCaissonError(error: unknown, code?: ErrorCode): error is CaissonError {
  if (typeof error !== 'object' || error === null || !(ERROR_BRAND in error)) return false
  return code === undefined || ('code' in error && error.code === code)
}
