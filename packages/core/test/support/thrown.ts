import { isCaissonError, type CaissonError } from '@caisson/core'

/** The error of ours that a function throws or a promise rejects with; anything else fails the test. */
export async function thrown(
  action: PromiseLike<unknown> | (() => unknown),
): Promise<CaissonError> {
  try {
    await (typeof action === 'function' ? action() : action)
  } catch (error) {
    if (isCaissonError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
