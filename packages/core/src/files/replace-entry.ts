import type { FileAccess, FileOpening, OpenedFile } from '../contracts/file-access.js'
import { isCaissonError } from '../errors/is-caisson-error.js'

const fresh = (mode: number): FileOpening => ({
  access: 'write',
  create: mode,
  exclusive: true,
  follow: false,
})

/** A new file; what was there is replaced, and what a link pointed to stays as it is. */
export async function replaceFile(
  access: FileAccess,
  path: Uint8Array,
  mode: number,
): Promise<OpenedFile> {
  try {
    return await access.open(path, fresh(mode))
  } catch (error) {
    if (!isCaissonError(error, 'ERR_FILE_EXISTS')) throw error
  }
  await access.remove(path, false)
  return access.open(path, fresh(mode))
}

/** Makes something that fails when it is there, in the place of what was there and is no directory. */
export async function replaceEntry(
  access: FileAccess,
  path: Uint8Array,
  make: () => Promise<void>,
): Promise<void> {
  try {
    await make()
  } catch (error) {
    if (!isCaissonError(error, 'ERR_FILE_EXISTS')) throw error
    await access.remove(path, false)
    await make()
  }
}
