import { CaissonError, type ErrorCode } from '@caisson/core'

/** The failures of a rootfs provider. */
export type RootfsErrorCode = Extract<ErrorCode, `ERR_ROOTFS_${string}` | 'ERR_STORE_SPACE'>

/** `rootfs: <subject>: <why>`; every one says what to do. */
export function rootfsError(
  code: RootfsErrorCode,
  subject: string,
  why: string,
  fix: string,
  cause?: unknown,
): CaissonError {
  return new CaissonError({ code, what: 'rootfs', subject, why, fix, field: 'from', cause })
}

/** ERR_ABORTED. */
export function abortedError(subject: string, cause: unknown): CaissonError {
  const why = 'given up by its AbortSignal'
  return new CaissonError({ code: 'ERR_ABORTED', what: 'rootfs', subject, why, cause })
}

/** Ends an operation that its caller gave up. */
export function throwIfAborted(signal: AbortSignal | undefined, subject: string): void {
  if (signal?.aborted === true) throw abortedError(subject, signal.reason)
}

/** `code` of an error of Node's, e.g. `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}

/** Whether a file system has no room, or its user may not have more of it. */
export function isFull(errno: string | undefined): boolean {
  return errno === 'ENOSPC' || errno === 'EDQUOT'
}
