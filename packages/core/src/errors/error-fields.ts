import { errorCodes, type ErrorCode } from './codes.js'
import { errnoName } from './errno-name.js'
import type { ErrorDetails } from './error-details.js'

/** By this key errors of any copy of this package are recognised. */
export const ERROR_BRAND: unique symbol = Symbol.for('caisson/CaissonError@1')

/** The fields that every error of ours carries. */
export interface ErrorFields {
  readonly code: ErrorCode
  /** What a person can do. */
  readonly fix?: string
  readonly driver?: string
  readonly field?: string
  readonly step?: string
  readonly syscall?: string
  /** Name, e.g. `ENOENT`. */
  readonly errno?: string
  readonly subject?: string
  readonly retryable: boolean
}

/** `what failed: subject: why`. */
export function errorMessage(details: ErrorDetails): string {
  return [details.what, details.subject, details.why ?? defaultWhy(details)]
    .filter((part) => part !== undefined && part !== '')
    .join(': ')
}

function defaultWhy(details: ErrorDetails): string {
  if (details.errno === undefined) return errorCodes[details.code].meaning
  const errno = nameOf(details.errno)
  return details.syscall === undefined ? errno : `${details.syscall} failed with ${errno}`
}

function nameOf(errno: string | number): string {
  return typeof errno === 'number' ? errnoName(errno) : errno
}

/** Puts brand and fields on an error; absent ones stay absent, so that a printed error shows only what is known. */
export function defineErrorFields<E extends Error>(
  error: E,
  details: ErrorDetails,
): E & ErrorFields {
  Object.defineProperty(error, ERROR_BRAND, { value: true })
  const { driver, field, step, syscall, subject, errno } = details
  return Object.assign(error, {
    code: details.code,
    fix: details.fix ?? errorCodes[details.code].fix,
    ...(driver === undefined ? {} : { driver }),
    ...(field === undefined ? {} : { field }),
    ...(step === undefined ? {} : { step }),
    ...(syscall === undefined ? {} : { syscall }),
    ...(errno === undefined ? {} : { errno: nameOf(errno) }),
    ...(subject === undefined ? {} : { subject }),
    retryable: details.retryable ?? false,
  })
}
