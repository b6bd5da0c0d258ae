import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CaissonError, type Launcher, type RootPart } from '@caisson/core'

/** A chain of so many snapshots gets no longer: what lies upon it is put together with it. */
export const LEVELS_MAX = 64

/** Where a snapshot in `directory` has what was written to part `index` of its root. */
export function upperOf(directory: string, index: number): string {
  return join(directory, String(index), 'upper')
}

/** Those of the directories, topmost first, in which something was written to a part. */
export function uppersOf(directories: readonly string[], index: number): readonly string[] {
  return directories
    .map((directory) => upperOf(directory, index))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
}

/**
 * Puts snapshots that lie upon each other together: what is seen of them upon the base is the same. Sockets are left out, as in
 * every copy; files with several names stay so within what was one snapshot.
 * @param from directories of snapshots, topmost first
 * @param parts of the base
 * @param to an empty directory
 * @throws CaissonError ERR_STORE_SPACE, ERR_LAUNCH
 */
export async function squash(
  merge: NonNullable<Launcher['merge']>,
  from: readonly string[],
  parts: readonly RootPart[],
  to: string,
): Promise<void> {
  for (const [index, { lowers }] of parts.entries()) {
    const uppers = uppersOf(from, index)
    if (uppers.length === 0) continue
    mkdirSync(join(to, String(index)), { mode: 0o700 })
    mkdirSync(upperOf(to, index), { mode: 0o700 })
    await merge(uppers, upperOf(to, index), lowers)
  }
}

/** For a chain that cannot grow, since nobody can put it together. */
export function tooDeep(id: string, most: number): CaissonError {
  return new CaissonError({
    code: 'ERR_ROOTFS_LAYERS',
    what: 'layer store',
    subject: id,
    why: `it lies upon more than ${most} snapshots`,
    fix: 'Open the store with the `launcher` of @caisson/launcher, which squashes such chains.',
  })
}
