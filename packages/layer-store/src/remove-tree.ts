import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Launcher } from '@caisson/core'
import { errnoOf } from './store-error.js'

/** Removes a directory tree of a store, whoever's ids its files have. */
export type RemoveTree = (path: string) => Promise<void>

/** Directories that their owner may not enter: overlayfs makes `work` so, images hold others. */
async function openUp(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined)
  if (stat?.isDirectory() !== true) return
  try {
    if ((stat.mode & 0o700) !== 0o700) await chmod(path, 0o700)
    for (const name of await readdir(path)) await openUp(join(path, name))
  } catch (error) {
    // a removal that failed goes on for a while where it did not fail
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

/** For files that are this user's own, or for root. */
export const removeOwnTree: RemoveTree = async (path) => {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM') throw error
    await openUp(path)
    await rm(path, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** What a removal by names cannot do: files of other ids, and trees so deep that no path reaches their ends. */
const beyondNames: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'ENAMETOOLONG'])

/**
 * The same, and what containers of a user with ranges of ids own: for that only the launcher, who is root of those ids, can
 * remove. Nor does anything but its file server, which goes by descriptors, reach the end of a tree that a container made
 * deeper than any path is long.
 */
export function removeByLauncher(launcher: Pick<Launcher, 'jail'>): RemoveTree {
  return async (path) => {
    try {
      await removeOwnTree(path)
    } catch (error) {
      if (!beyondNames.has(errnoOf(error))) throw error
      const jail = await launcher.jail?.(dirname(path))
      if (jail === undefined) throw error
      try {
        await jail.files.remove(Buffer.from(basename(path)), true)
      } finally {
        await jail[Symbol.asyncDispose]()
      }
    }
  }
}
