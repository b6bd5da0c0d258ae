import type { ErrorCode } from '../errors/codes.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from './describe-type.js'

/** What a string may be. */
export interface TextRules {
  /** Whether '' is allowed; default false. */
  readonly empty?: boolean
  /** Most bytes in UTF-8. */
  readonly maxBytes?: number
  /** Code of the error; default ERR_INVALID_SPEC. */
  readonly code?: ErrorCode
}

/**
 * A string without NUL: to the kernel a NUL is the end, so that what is checked would not be what is used.
 * @throws TypeError with the rules' code, naming the field
 */
export function parseText(value: unknown, field: string, rules: TextRules = {}): string {
  if (typeof value !== 'string') {
    const why = `must be a string, not ${describeType(value)}`
    throw invalidArgument({ field, why, code: rules.code })
  }
  if (value === '' && rules.empty !== true) {
    throw invalidArgument({ field, why: 'must not be empty', code: rules.code })
  }
  if (value.includes('\0')) {
    throw invalidArgument({ field, why: 'contains a NUL byte', code: rules.code })
  }
  // a string of n UTF-16 units has at most 3n bytes: the exact count is needed only for long ones
  const max = rules.maxBytes
  if (max !== undefined && value.length * 3 > max && Buffer.byteLength(value) > max) {
    throw invalidArgument({ field, why: `is longer than ${max} bytes`, code: rules.code })
  }
  return value
}
