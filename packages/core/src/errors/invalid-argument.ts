import type { CaissonError } from './caisson-error.js'
import type { ErrorCode } from './codes.js'
import type { ErrorDetails } from './error-details.js'
import { defineErrorFields, errorMessage } from './error-fields.js'

/** What is wrong with an argument. */
export interface ArgumentFault {
  /** Path of the argument or field, e.g. `argv[1]`. */
  readonly field: string
  /** e.g. `must be a string, not a number`. */
  readonly why: string
  /** Default ERR_INVALID_SPEC. */
  readonly code?: ErrorCode | undefined
  readonly fix?: string | undefined
  readonly subject?: string | undefined
}

function detailsOf(fault: ArgumentFault): ErrorDetails {
  return { ...fault, code: fault.code ?? 'ERR_INVALID_SPEC', what: `invalid ${fault.field}` }
}

/** A TypeError of our shape: a wrong type or form. */
export function invalidArgument(fault: ArgumentFault): TypeError & CaissonError {
  const details = detailsOf(fault)
  return defineErrorFields(new TypeError(errorMessage(details)), details)
}

/** A RangeError of our shape: a number out of range. */
export function outOfRange(fault: ArgumentFault): RangeError & CaissonError {
  const details = detailsOf(fault)
  return defineErrorFields(new RangeError(errorMessage(details)), details)
}
