import { CaissonError } from '../errors/caisson-error.js'
import type { ErrorCode } from '../errors/codes.js'
import { errnoName } from '../errors/errno-name.js'
import { pathText } from './path-bytes.js'

const codes: readonly (readonly [ErrorCode, string])[] = [
  ['ERR_FILE_NOT_FOUND', 'ENOENT'],
  ['ERR_FILE_EXISTS', 'EEXIST ENOTEMPTY'],
  ['ERR_FILE_TYPE', 'EISDIR ENOTDIR ELOOP EINVAL ENXIO ENODEV EOPNOTSUPP ENOTSUP'],
  ['ERR_FILE_ACCESS', 'EACCES EPERM EROFS EXDEV EBUSY ETXTBSY'],
  ['ERR_FILE_LIMIT', 'ENOSPC EDQUOT EFBIG ENAMETOOLONG EMFILE ENFILE EMLINK ENOMEM EOVERFLOW'],
]
const codeOf = new Map(codes.flatMap(([code, names]) => names.split(' ').map((n) => [n, code])))
const passing: ReadonlySet<string> = new Set(['EAGAIN', 'EINTR', 'EMFILE', 'ENFILE', 'ENOMEM'])

/** The error for a failure that the kernel told by its number, for drivers and for us. */
export function fileError(errno: number, syscall: string, path: Uint8Array): CaissonError {
  const name = errnoName(errno)
  return new CaissonError({
    code: codeOf.get(name) ?? 'ERR_FILE_IO',
    what: 'file',
    subject: pathText(path),
    syscall,
    errno: name,
    retryable: passing.has(name),
  })
}

/** The error for a failure that has no errno of its own. */
export function fileFault(
  code: ErrorCode,
  path: Uint8Array,
  why: string,
  cause?: unknown,
): CaissonError {
  return new CaissonError({ code, what: 'file', subject: pathText(path), why, cause })
}
