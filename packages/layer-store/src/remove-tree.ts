import { basename, dirname } from 'node:path'
import { removeTree, type Launcher } from '@caisson/core'
import { errnoOf } from './store-error.js'

/** Removes a directory tree of a store, whoever's ids its files have. */
export type RemoveTree = (path: string) => Promise<void>

/** What a removal by names cannot do: files of other ids, and trees so deep that no path reaches their ends. */
const beyondNames: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'ENAMETOOLONG'])

/**
 * What is this user's own, and what containers of a user with ranges of ids own: for that only the launcher, who is root of those ids, can
 * remove. Nor does anything but its file server, which goes by descriptors, reach the end of a tree that a container made
 * deeper than any path is long.
 */
export function removeByLauncher(launcher: Pick<Launcher, 'jail'>): RemoveTree {
  return async (path) => {
    try {
      await removeTree(path)
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
