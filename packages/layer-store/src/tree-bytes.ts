import { lstatSync, readdirSync, type BigIntStats } from 'node:fs'
import { join } from 'node:path'

/** Undefined: gone meanwhile, or so deep down that no path reaches it, which a container can do to us. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false, bigint: true })
  } catch {
    return undefined
  }
}

/**
 * Bytes on disk of a directory and all below it; what has several names counts once, and what cannot be entered or named
 * counts as empty.
 */
export function treeBytes(root: string): number {
  const seen = new Set<bigint>()
  const counted = (stat: BigIntStats): boolean => {
    if (stat.nlink < 2n || stat.isDirectory()) return true
    if (seen.has(stat.ino)) return false
    seen.add(stat.ino)
    return true
  }
  let bytes = 0
  const todo = [root]
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    const stat = statOf(path)
    if (stat === undefined || !counted(stat)) continue
    bytes += Number(stat.blocks) * 512
    if (!stat.isDirectory()) continue
    try {
      for (const name of readdirSync(path)) todo.push(join(path, name))
    } catch {
      // another's ids, or gone meanwhile
    }
  }
  return bytes
}
