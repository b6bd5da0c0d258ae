import { CaissonError, isCaissonError, type ErrorCode } from '@caisson/core'

/** `rootfs: <subject>: <why>`; every one says what to do. */
export function tarError(
  code: ErrorCode,
  subject: string,
  why: string,
  fix: string | undefined,
  cause?: unknown,
): CaissonError {
  return new CaissonError({ code, what: 'rootfs', subject, why, fix, field: 'from', cause })
}

/** @throws CaissonError ERR_ABORTED */
export function throwIfAborted(signal: AbortSignal | undefined, subject: string): void {
  if (signal?.aborted === true) throw abortedError(subject, signal.reason)
}

export function abortedError(subject: string, reason: unknown): CaissonError {
  const why = 'given up by its AbortSignal'
  return new CaissonError({ code: 'ERR_ABORTED', what: 'rootfs', subject, why, cause: reason })
}

/** `code` of an error of Node's, e.g. `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

const NO_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
const FORMAT = 'It has to be a tar archive, plain or packed by gzip, zstd or xz; make it again.'

/** What went wrong with an archive, with its name; whose fault it is shows in the code. */
export function inArchive(error: unknown, subject: string): unknown {
  if (!isCaissonError(error)) return error
  const { code, errno } = error
  if (errno !== undefined && NO_SPACE.has(errno)) {
    const fix = 'Make room where the layer store is, or raise the quota.'
    return tarError('ERR_STORE_SPACE', subject, error.message, fix, error)
  }
  if (code === 'ERR_ARCHIVE_CORRUPT') return tarError(code, subject, error.message, FORMAT, error)
  if (code !== 'ERR_ARCHIVE_UNSAFE' && code !== 'ERR_ARCHIVE_LIMIT') return error
  return tarError(code, subject, error.message, error.fix, error)
}
