import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from './store-error.js'

/** Removes a directory tree of a store, whoever's ids its files have. */
export type RemoveTree = (path: string) => Promise<void>

/** Directories that their owner may not enter: overlayfs makes `work` so, images hold others. */
async function openUp(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined)
  if (stat?.isDirectory() !== true) return
  if ((stat.mode & 0o700) !== 0o700) await chmod(path, 0o700)
  for (const name of await readdir(path)) await openUp(join(path, name))
}

/** For files that are this user's own, or for root. */
export const removeOwnTree: RemoveTree = async (path) => {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM') throw error
    await openUp(path)
    await rm(path, { recursive: true, force: true })
  }
}
