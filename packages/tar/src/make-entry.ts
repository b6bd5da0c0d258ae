import { archiveError } from './archive-error.js'
import type { RawHeader } from './decode-header.js'
import type { TarLimits } from './limits.js'
import type { PaxValues } from './pax-values.js'
import type { FoundTarEntry, TarType } from './tar-entry.js'

/** What came before a header and belongs to its entry. */
export interface Extensions {
  pax?: PaxValues
  longName?: Buffer
  longTarget?: Buffer
}

const types: Readonly<Record<string, TarType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}

const nothing = Buffer.alloc(0)
const noXattrs: ReadonlyMap<string, Buffer> = new Map()

function typeOf(header: RawHeader, path: Buffer): TarType | undefined {
  const type = types[header.flag]
  if (type !== 'file' || path.at(-1) !== 0x2f) return type
  // before ustar a directory was a file whose name ends in a slash; later on readers differ, so nobody may write it
  return header.flag === '\0' ? 'directory' : undefined
}

/** A file's size on tape; what has no content has no size, or two readers find different entries after it. */
function sizeOf(header: RawHeader, type: TarType, extensions: Extensions): number | undefined {
  const size = extensions.pax?.size ?? header.size
  if (type === 'file') return size
  return size === 0 ? 0 : undefined
}

/**
 * The entry of a header and what came before it, without its sparse map.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT, ERR_ARCHIVE_LIMIT
 */
export function makeEntry(
  header: RawHeader,
  extensions: Extensions,
  offset: number,
  limits: TarLimits,
): FoundTarEntry {
  const { pax } = extensions
  const path = pax?.path ?? extensions.longName ?? header.name
  const target = pax?.linkpath ?? extensions.longTarget ?? header.linkName
  const corrupt = (why: string): Error => archiveError('ERR_ARCHIVE_CORRUPT', offset, path, why)
  if (path.length === 0) throw corrupt('it has no name')
  for (const [what, value] of [
    ['name', path],
    ['target', target],
  ] as const) {
    if (value.length <= limits.pathBytes) continue
    throw archiveError(
      'ERR_ARCHIVE_LIMIT',
      offset,
      path,
      `its ${what} is longer than ${limits.pathBytes} bytes`,
    )
  }
  const type = typeOf(header, path)
  if (type === undefined)
    throw corrupt(`there is no type ${JSON.stringify(header.flag)} for such an entry`)
  const isLink = type === 'symlink' || type === 'hardlink'
  if (isLink && target.length === 0) throw corrupt('it is a link to nothing')
  const stored = sizeOf(header, type, extensions)
  if (stored === undefined) throw corrupt(`a ${type} has content`)
  if (pax?.sparse !== undefined && type !== 'file') throw corrupt(`a ${type} has a sparse map`)
  return {
    type,
    path,
    mode: header.mode & 0o7777,
    uid: pax?.uid ?? header.uid,
    gid: pax?.gid ?? header.gid,
    userName: pax?.userName ?? header.userName,
    groupName: pax?.groupName ?? header.groupName,
    mtimeNs: pax?.mtimeNs ?? BigInt(header.mtimeSeconds) * 1_000_000_000n,
    size: stored,
    target: isLink ? target : nothing,
    device: { major: header.major, minor: header.minor },
    xattrs: pax?.xattrs ?? noXattrs,
    pieces: undefined,
    offset,
    stored,
  }
}
