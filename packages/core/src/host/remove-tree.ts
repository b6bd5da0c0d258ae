import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Directories that their owner may not enter: overlayfs makes `work` so, images hold others. */
async function openUp(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined)
  if (stat?.isDirectory() !== true) return
  try {
    if ((stat.mode & 0o700) !== 0o700) await chmod(path, 0o700)
    for (const name of await readdir(path)) await openUp(join(path, name))
  } catch (error) {
    // a removal that failed goes on for a while where it did not fail
    if (!isCode(error, 'ENOENT')) throw error
  }
}

/**
 * Removes a directory tree of this user's own files, or, for root, of anybody's; also what lies in directories that their owner
 * may not enter. What is not there is removed already; no link is followed.
 * @throws Error with the code EACCES or EPERM for files of ids that are not this user's, ENAMETOOLONG for a tree deeper than any
 * path is long: a launcher removes those
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if (!isCode(error, 'EACCES', 'EPERM')) throw error
    await openUp(path)
    await rm(path, { recursive: true, force: true, maxRetries: 3 })
  }
}
