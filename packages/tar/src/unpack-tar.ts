import type { DirectoryJail } from '@caisson/core'
import type { Unpacked, UnpackOptions } from './unpacked.js'
import { Unpacker } from './unpacker.js'

/**
 * Unpacks an archive, which is not compressed (`decompress`), into a directory: exactly, or not at all as far as the caller
 * is concerned, who throws the directory away when this fails. Nothing of the archive is trusted.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT, ERR_ARCHIVE_UNSAFE, ERR_ARCHIVE_LIMIT, ERR_ABORTED, ERR_FILE_*
 */
export async function unpackTar(
  source: AsyncIterable<Uint8Array>,
  jail: DirectoryJail,
  options: UnpackOptions = {},
): Promise<Unpacked> {
  const unpacker = new Unpacker(jail, options)
  await unpacker.add(source)
  return unpacker.finish()
}
