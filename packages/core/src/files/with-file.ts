import type { FileAccess, FileOpening, OpenedFile } from '../contracts/file-access.js'
import { suppress } from '../errors/suppress.js'

/** Opens, works, closes; a failure to close after a failure is added to it. */
export async function withFile<T>(
  access: FileAccess,
  path: Uint8Array,
  how: FileOpening,
  work: (file: OpenedFile) => Promise<T>,
): Promise<T> {
  const file = await access.open(path, how)
  let result: T
  try {
    result = await work(file)
  } catch (error) {
    await file.close().catch((late: unknown) => suppress(error, [late]))
    throw error
  }
  await file.close()
  return result
}
