import { isCaissonError, type DirectoryJail, type FoundEntry } from '@caisson/core'
import { isLayerXattr, pathBytes, typeOfMode } from './manifest-entry.js'
import type { TreeDetails } from './tree-reader.js'

/** Requests under way at once: the server works while answers are read. */
const AHEAD = 256

/** Whether an errno says that something is not there, or not what it was. */
export function isNoEntry(errno: string | undefined): boolean {
  return errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP'
}

/** Undefined where something has gone, or become something else. */
export async function unlessGone<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (isCaissonError(error, 'ERR_FILE_NOT_FOUND')) return undefined
    if (isCaissonError(error, 'ERR_FILE_TYPE')) return undefined
    throw error
  }
}

function detailsOf({ status, target, device, xattrs }: FoundEntry): TreeDetails {
  const type = typeOfMode(status.mode)
  const kept = [...xattrs].filter(([name]) => isLayerXattr(name))
  return {
    target: type === 'symlink' ? Buffer.from(target).toString('latin1') : undefined,
    device: type === 'character' || type === 'block' ? device : undefined,
    xattrs: kept
      .map(([name, value]) => [name, Buffer.from(value).toString('base64')] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  }
}

/** Asks for each of several, many of them at once; undefined for what has gone. */
export async function askAll<T>(
  paths: readonly string[],
  ask: (path: Buffer) => Promise<T>,
): Promise<readonly (T | undefined)[]> {
  const all: (T | undefined)[] = []
  for (let at = 0; at < paths.length; at += AHEAD) {
    const asked = paths.slice(at, at + AHEAD).map((path) => unlessGone(ask(pathBytes(path))))
    for (const found of await Promise.all(asked)) all.push(found)
  }
  return all
}

/** What the server of a directory says of entries in it, in their order. */
export async function readDetails(
  jail: DirectoryJail,
  paths: readonly string[],
): Promise<readonly (TreeDetails | undefined)[]> {
  return askAll(paths, async (path) => detailsOf(await jail.get(path)))
}
