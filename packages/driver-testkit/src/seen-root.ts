import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { RootPart } from '@caisson/core'

/** Files by their path in a root, with what is in them. */
export type SeenRoot = Readonly<Record<string, string>>

/** How overlayfs keeps that something was deleted: a character device 0:0. */
export function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0
}

function look(directories: readonly string[], at: string, seen: Record<string, string>): void {
  for (const name of new Set(directories.flatMap((path) => readdirSync(path)))) {
    const path = join(at, name)
    const merged: string[] = []
    for (const directory of directories) {
      const stat = lstatSync(join(directory, name), { throwIfNoEntry: false })
      if (stat?.isDirectory() === true) merged.push(join(directory, name))
      else if (stat !== undefined) {
        if (merged.length === 0 && !isWhiteout(stat))
          seen[path] = readFileSync(join(directory, name), 'utf8')
        break
      }
    }
    if (merged.length > 0) look(merged, path, seen)
  }
}

/** What a container sees of directories that lie over each other, without mounting anything: files and deletions, as overlayfs. */
export function seenRoot(parts: readonly RootPart[]): SeenRoot {
  const seen: Record<string, string> = {}
  for (const { at, lowers } of parts) look(lowers, at, seen)
  return seen
}
