import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Bytes of the files below a directory, as they lie on disk; what vanishes meanwhile counts nothing. */
export function directoryBytes(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  const own = stat.blocks * 512
  if (!stat.isDirectory()) return own
  try {
    return readdirSync(path).reduce((sum, name) => sum + directoryBytes(join(path, name)), own)
  } catch {
    return own
  }
}
