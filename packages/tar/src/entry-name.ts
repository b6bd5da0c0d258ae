import { archiveError } from './archive-error.js'
import type { TarLimits } from './limits.js'
import type { FoundTarEntry } from './tar-entry.js'

/** An empty part, `.` or `..`. */
const untidy = /(?:^|\/)\.{0,2}(?:\/|$)/
/** Longest component that a file system takes. */
const NAME_BYTES = 255

/**
 * A name of an entry below the directory that is unpacked: bytes as latin1, no `/` at its ends, no `.`; '' is the directory
 * itself. A leading `/` is the directory's.
 * @throws CaissonError ERR_ARCHIVE_UNSAFE for `..`, ERR_ARCHIVE_LIMIT
 */
export function entryName(entry: FoundTarEntry, path: Buffer, limits: TarLimits): string {
  const text = path.toString('latin1')
  // what most archives hold is as it should be already
  if (text.length <= NAME_BYTES && limits.depth * 2 > NAME_BYTES && !untidy.test(text)) return text
  const parts = text.split('/')
  const kept: string[] = []
  for (const part of parts) {
    if (part === '' || part === '.') continue
    if (part === '..')
      throw archiveError(
        'ERR_ARCHIVE_UNSAFE',
        entry.offset,
        path,
        'it leads out of the directory by `..`',
      )
    if (part.length > NAME_BYTES) {
      const why = `a part of its name is longer than ${NAME_BYTES} bytes`
      throw archiveError('ERR_ARCHIVE_LIMIT', entry.offset, path, why)
    }
    kept.push(part)
  }
  if (kept.length > limits.depth)
    throw archiveError(
      'ERR_ARCHIVE_LIMIT',
      entry.offset,
      path,
      `it is deeper than ${limits.depth} directories`,
    )
  return kept.join('/')
}

export function nameBytes(name: string): Buffer {
  return Buffer.from(name === '' ? '.' : name, 'latin1')
}

export function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')))
}

export function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
