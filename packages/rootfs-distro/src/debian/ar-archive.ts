import { distroError } from '../distro-error.js'

/** A member of an ar archive: a view on the archive's bytes. */
export interface ArMember {
  readonly name: string
  readonly bytes: Buffer
}

const magic = '!<arch>\n'
const headerBytes = 60

function corrupt(subject: string, why: string): Error {
  return distroError('ERR_ARCHIVE_CORRUPT', subject, why, 'Fetch the package again.')
}

/**
 * The members of an ar archive, as .deb packages are (deb(5)): the common format, without the long names that neither System V
 * nor BSD archives of packages need.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT
 */
export function readAr(archive: Buffer, subject: string): readonly ArMember[] {
  if (archive.toString('latin1', 0, magic.length) !== magic) {
    throw corrupt(subject, 'it is no ar archive')
  }
  const members: ArMember[] = []
  let at = magic.length
  while (at < archive.length) {
    const header = archive.toString('latin1', at, at + headerBytes)
    const size = /^\d+ *$/.test(header.slice(48, 58)) ? Number(header.slice(48, 58)) : -1
    if (header.length < headerBytes || header.slice(58) !== '`\n' || size < 0) {
      throw corrupt(subject, `the header at ${at} is none`)
    }
    const start = at + headerBytes
    if (start + size > archive.length) throw corrupt(subject, 'it ends in the middle of a member')
    const name = header.slice(0, 16).trimEnd().replace(/\/$/, '')
    members.push({ name, bytes: archive.subarray(start, start + size) })
    at = start + size + (size % 2)
  }
  return members
}
