import { outOfRange } from '@caisson/core'

/** How much an archive may ask for. Each is ERR_ARCHIVE_LIMIT, before anything is done for it. */
export interface TarLimits {
  /** Entries, headers of extensions included. Default 1,000,000. */
  readonly entries: number
  /** Content of all files, holes not counted. Default 64 GiB. */
  readonly contentBytes: number
  /** Size of one file, holes included. Default 1 TiB. */
  readonly fileBytes: number
  /** A name, and the target of a link. Default 4095, the kernel's. */
  readonly pathBytes: number
  /** Directories in a name. Default 1024. */
  readonly depth: number
  /** One extended header (PAX). Default 1 MiB. */
  readonly paxBytes: number
  /** All extended attributes of an entry. Default 128 KiB. */
  readonly xattrBytes: number
  /** Pieces of data between the holes of a file. Default 100,000. */
  readonly sparsePieces: number
  /** Bytes out for a byte of a compressed archive, looked at after the first 64 MiB. Default 1000. */
  readonly ratio: number
}

/** What holds where the caller says nothing. */
export const defaultLimits: TarLimits = Object.freeze({
  entries: 1_000_000,
  contentBytes: 2 ** 36,
  fileBytes: 2 ** 40,
  pathBytes: 4095,
  depth: 1024,
  paxBytes: 2 ** 20,
  xattrBytes: 2 ** 17,
  sparsePieces: 100_000,
  ratio: 1000,
})

/**
 * The defaults with what is given in their place.
 * @throws RangeError ERR_INVALID_SPEC, naming the field
 */
export function parseTarLimits(given: Partial<TarLimits> = {}): TarLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultLimits, name) || (Number.isSafeInteger(value) && value > 0)) continue
    const why = `must be a whole number above 0, not ${value}`
    throw outOfRange({ field: `limits.${name}`, why })
  }
  return { ...defaultLimits, ...given }
}
