import type { Change, LaunchedContainer, RootLease, UpperEntry } from '@caisson/core'
import { lowerPaths } from './root-steps.js'

/**
 * What an entry of an upper directory means. Undefined for what is no change of the container's: a directory that is only
 * there to hold changes below it, a whiteout of nothing, and what was made for the container before it ran.
 */
export function toChange(
  entry: UpperEntry,
  part: string,
  isOurs: (path: string) => boolean,
): Change | undefined {
  const path = `${part === '/' ? '' : part}/${entry.path}`
  const { type, lower, size } = entry
  if (entry.whiteout) {
    return lower === undefined ? undefined : { path, kind: 'deleted', type: lower, size: 0 }
  }
  if (lower === undefined) {
    return isOurs(path) ? undefined : { path, kind: 'added', type, size }
  }
  if (lower !== type) return { path, kind: 'type-changed', type, size }
  // Opaque: it was deleted and made again, and hides all that was in it.
  if (type === 'directory' && !entry.opaque) return undefined
  return { path, kind: 'modified', type, size }
}

/** What a container changed, part by part of its root. */
export async function* containerChanges(
  container: Pick<LaunchedContainer, 'upperEntries'>,
  root: RootLease,
  isOurs: (path: string) => boolean,
  since?: string,
): AsyncGenerator<Change> {
  if (!root.copyOnWrite) return
  for (const [index, part] of root.parts.entries()) {
    for await (const entry of container.upperEntries(
      index,
      lowerPaths(index, part),
      since === undefined ? undefined : `${since}/${index}/upper`,
    )) {
      const change = toChange(entry, part.at, isOurs)
      if (change !== undefined) yield change
    }
  }
}
