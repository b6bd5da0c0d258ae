import { CaissonError, type ErrorCode } from '@caisson/core'

/** `rootfs: <subject>: <why>`; every one says what to do. */
export function distroError(
  code: ErrorCode,
  subject: string,
  why: string,
  fix: string,
  cause?: unknown,
): CaissonError {
  return new CaissonError({ code, what: 'rootfs', subject, why, fix, field: 'from', cause })
}
