import { CaissonError, type ErrorCode } from '@caisson/core'

/** Bytes as text for a message: what is no UTF-8 shows as U+FFFD, what is long is cut. */
export function nameText(path: Uint8Array): string {
  const text = Buffer.from(path.buffer, path.byteOffset, Math.min(path.length, 200)).toString()
  return path.length > 200 ? `${text}…` : text
}

type ArchiveCode = Extract<ErrorCode, `ERR_ARCHIVE_${string}`>

/** @param offset of the header concerned, in the uncompressed archive */
export function archiveError(
  code: ArchiveCode,
  offset: number,
  path: Uint8Array | undefined,
  why: string,
  cause?: unknown,
): CaissonError {
  const named = path === undefined || path.length === 0 ? '' : `${nameText(path)}, `
  return new CaissonError({
    code,
    what: 'archive',
    subject: `${named}offset ${offset}`,
    why,
    cause,
  })
}
