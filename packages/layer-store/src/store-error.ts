import { CaissonError, isCaissonError, type ErrorCode } from '@caisson/core'

/** errno of a failed call of node:fs, as its name. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** An error of the store. */
export function storeError(
  code: ErrorCode,
  subject: string,
  why?: string,
  more: { readonly cause?: unknown; readonly fix?: string; readonly retryable?: boolean } = {},
): CaissonError {
  return new CaissonError({ code, what: 'layer store', subject, why, ...more })
}

/** What failed, as an error of the store; errors of ours stay what they are. */
export function asStoreError(error: unknown, subject: string): unknown {
  if (isCaissonError(error)) return error
  const errno = errnoOf(error)
  if (errno === undefined) return error
  const code = errno === 'ENOSPC' || errno === 'EDQUOT' ? 'ERR_STORE_SPACE' : 'ERR_STORE_IO'
  const why = error instanceof Error ? error.message : errno
  return new CaissonError({ code, what: 'layer store', subject, why, errno, cause: error })
}

/** @throws CaissonError ERR_ABORTED */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted !== true) return
  throw new CaissonError({ code: 'ERR_ABORTED', what, cause: signal.reason })
}
