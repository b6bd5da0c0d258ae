import { invalidArgument } from '@caisson/core'
import { parseTarLimits, type TarLimits } from '@caisson/tar/limits'
import type { ArchiveBytes, NamedArchive } from './archive-source.js'
import type { TarProgress } from './progress.js'

/** How `tar:` works. */
export interface TarRootfsOptions {
  /**
   * Archives that are no files, by name: `from: 'tar:<name>'`. A function is called when its archive has to be read: once by each
   * driver, or, with a digest, once by all processes that share the store. A name takes the place of a file of that name in the
   * working directory (`tar:./<name>`). Default: none.
   */
  readonly archives?: Readonly<Record<string, NamedArchive | NamedArchive['open']>>
  /** What an archive may ask for: ERR_ARCHIVE_LIMIT beyond. Default as in `unpackTar` of @caisson/tar. */
  readonly limits?: Partial<TarLimits>
  /** Told how far an archive is that is being unpacked, at most ten times a second. */
  readonly onProgress?: (progress: TarProgress) => void
}

/** Options, checked. */
export interface ParsedTarOptions {
  readonly archives: ReadonlyMap<string, NamedArchive>
  readonly limits: Partial<TarLimits> | undefined
  readonly onProgress: ((progress: TarProgress) => void) | undefined
}

const fields: ReadonlySet<string> = new Set(['archives', 'limits', 'onProgress'])
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const digestForm = /^sha256:[0-9a-f]{64}$/

function parseArchive(name: string, given: unknown): NamedArchive {
  const field = `archives.${name}`
  if (!nameForm.test(name)) {
    const why = 'a name is letters, digits, `.`, `_` and `-`, the first a letter or digit'
    throw invalidArgument({ field, why })
  }
  const archive = typeof given === 'function' ? { open: given } : given
  if (typeof archive !== 'object' || archive === null || !isArchive(archive)) {
    const why = 'must be a function that gives a stream, or `{ open, digest }`'
    throw invalidArgument({ field, why })
  }
  if (archive.digest === undefined || digestForm.test(archive.digest)) return archive
  const why = 'must be `sha256:` and 64 lower-case hexadecimal digits'
  throw invalidArgument({ field: `${field}.digest`, why })
}

function isArchive(value: object): value is NamedArchive {
  return 'open' in value && typeof value.open === 'function'
}

/**
 * @throws TypeError or RangeError ERR_INVALID_SPEC naming the field
 */
export function parseTarOptions(options: TarRootfsOptions): ParsedTarOptions {
  const unknown = Object.keys(options).find((name) => !fields.has(name))
  if (unknown !== undefined) {
    const why = `unknown field; there are ${[...fields].join(', ')}`
    throw invalidArgument({ field: unknown, why })
  }
  const { archives = {}, limits, onProgress } = options
  parseTarLimits(limits)
  return {
    archives: new Map(
      Object.entries(archives).map(([name, given]) => [name, parseArchive(name, given)]),
    ),
    limits,
    onProgress,
  }
}

/** A stream, from what a caller gives. @throws TypeError ERR_INVALID_SPEC */
export function parseBytes(value: unknown, name: string): ArchiveBytes {
  if (isBytes(value)) return value
  const why = 'its function gave no stream of bytes'
  throw invalidArgument({ field: 'archives', subject: name, why })
}

function isBytes(value: unknown): value is ArchiveBytes {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
