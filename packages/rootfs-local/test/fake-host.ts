import { posix } from 'node:path'
import type { HostEntry, HostFacts } from '../dist/host-view.js'

/** Path to `mode`, or `-> target`; a path that ends with / is a directory. */
export type FakeTree = Readonly<Record<string, number | string>>

function entryOf(path: string, value: number | string): HostEntry {
  const name = posix.basename(path)
  if (typeof value === 'string') return { name, type: 'symlink', mode: 0o777, target: value }
  return { name, type: path.endsWith('/') ? 'directory' : 'file', mode: value }
}

/** A host made up of a few paths. */
export function fakeHost(
  mode: HostFacts['mode'],
  tree: FakeTree,
  mounts: Readonly<Record<string, string>> = {},
): HostFacts {
  const entries = new Map(
    Object.entries(tree).map(([path, value]) => [path.replace(/\/$/, ''), entryOf(path, value)]),
  )
  return {
    mode,
    mounts: Object.entries({ '/': 'ext4', ...mounts }).map(([path, type]) => ({ path, type })),
    entry: (path) => entries.get(path),
    list: (directory) =>
      [...entries]
        .filter(([path]) => posix.dirname(path) === directory)
        .map(([, entry]) => entry)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
