import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'

function isAbortSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function'
  )
}

/** An AbortSignal, also one of another realm. @throws TypeError ERR_INVALID_SPEC */
export function parseSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || isAbortSignal(value)) return value
  throw invalidArgument({
    field: 'signal',
    why: `must be an AbortSignal, not ${describeType(value)}`,
  })
}
