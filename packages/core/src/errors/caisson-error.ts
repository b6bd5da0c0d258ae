import type { ErrorCode } from './codes.js'
import type { ErrorDetails } from './error-details.js'
import { defineErrorFields, errorMessage } from './error-fields.js'

/**
 * Everything that Caisson throws has this shape. Recognise it by `code` (or `isCaissonError`), never by `instanceof`:
 * wrong arguments are TypeErrors and RangeErrors of the same shape.
 */
export class CaissonError extends Error {
  /** Stable; see docs/errors.md. */
  declare readonly code: ErrorCode
  /** What a person can do. */
  declare readonly fix?: string
  /** Name of the driver concerned. */
  declare readonly driver?: string
  /** Path of the argument or field, e.g. `limits.memory`. */
  declare readonly field?: string
  /** Step of the plan that failed. */
  declare readonly step?: string
  declare readonly syscall?: string
  /** Name, e.g. `ENOENT`. */
  declare readonly errno?: string
  /** What it was about, e.g. a path. */
  declare readonly subject?: string
  /** Whether the same call may succeed later. */
  declare readonly retryable: boolean
  /** Failures while undoing, after the failure that this error is about. */
  declare readonly suppressed?: readonly unknown[]

  constructor(details: ErrorDetails) {
    super(errorMessage(details), details.cause === undefined ? undefined : { cause: details.cause })
    defineErrorFields(this, details)
  }

  override get name(): string {
    return 'CaissonError'
  }
}
