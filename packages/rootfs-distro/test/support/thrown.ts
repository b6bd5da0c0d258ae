import { isCaissonError, type CaissonError } from '@caisson/core'

/** The CaissonError that a function throws. */
export function thrown(call: () => unknown): CaissonError {
  try {
    call()
  } catch (error) {
    if (isCaissonError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The CaissonError that a promise rejects with. */
export async function rejected(promise: Promise<unknown>): Promise<CaissonError> {
  try {
    await promise
  } catch (error) {
    if (isCaissonError(error)) return error
    throw error
  }
  throw new Error('nothing was rejected')
}
