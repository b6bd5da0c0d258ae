import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

function content(path: string, isLink: boolean, isFile: boolean): string {
  if (isLink) return readlinkSync(path)
  return isFile ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''
}

/** A line for each entry of a tree: all that can be seen of it, but for numbers that the file system gives. */
export function fingerprint(root: string, at = ''): readonly string[] {
  const path = join(root, at)
  const stat = lstatSync(path)
  const line = [
    at,
    stat.mode.toString(8),
    stat.uid,
    stat.gid,
    stat.mtimeMs,
    content(path, stat.isSymbolicLink(), stat.isFile()),
  ].join(' ')
  if (!stat.isDirectory()) return [line]
  return [
    line,
    ...readdirSync(path)
      .toSorted()
      .flatMap((name) => fingerprint(root, join(at, name))),
  ]
}
