import { distroError } from '../distro-error.js'
import { readAr, type ArMember } from './ar-archive.js'

/** The way a part of a package is compressed. */
export type Compression = 'none' | 'gzip' | 'xz' | 'zstd'

/** A compressed tar archive. */
export interface PackedTar {
  readonly bytes: Buffer
  readonly compression: Compression
}

/** A package, taken apart. */
export interface DebFile {
  /** Control information: maintainer scripts, conffiles, md5sums. */
  readonly control: PackedTar
  /** The files. */
  readonly data: PackedTar
}

const compressions: Readonly<Record<string, Compression>> = {
  '': 'none',
  '.gz': 'gzip',
  '.xz': 'xz',
  '.zst': 'zstd',
}

function part(members: readonly ArMember[], name: string, subject: string): PackedTar {
  const member = members.find((one) => one.name.startsWith(`${name}.tar`))
  const compression = compressions[member?.name.slice(name.length + 4) ?? 'absent']
  if (member !== undefined && compression !== undefined) {
    return { bytes: member.bytes, compression }
  }
  const why = `it has no ${name}.tar, .gz, .xz or .zst, but ${members.map((one) => one.name).join(', ')}`
  throw distroError('ERR_ARCHIVE_CORRUPT', subject, why, 'Report it with the name of the package.')
}

/**
 * Takes a .deb apart (deb(5), format 2.0).
 * @throws CaissonError ERR_ARCHIVE_CORRUPT
 */
export function readDeb(archive: Buffer, subject: string): DebFile {
  const members = readAr(archive, subject)
  const [first] = members
  if (first?.name !== 'debian-binary' || !first.bytes.toString('latin1').startsWith('2.')) {
    const why = 'it does not start with debian-binary 2.x'
    throw distroError('ERR_ARCHIVE_CORRUPT', subject, why, 'Fetch the package again.')
  }
  return { control: part(members, 'control', subject), data: part(members, 'data', subject) }
}
