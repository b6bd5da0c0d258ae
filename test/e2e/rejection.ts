import { isCaissonError, type CaissonError } from '@caisson/core'

/**
 * The error that it rejects with.
 * @throws Error when it does not reject, or with an error of another kind
 */
export async function rejection(work: PromiseLike<unknown>): Promise<CaissonError> {
  const error = await work.then(
    () => new Error('it did not reject'),
    (reason: unknown) => reason,
  )
  if (isCaissonError(error)) return error
  throw error
}
