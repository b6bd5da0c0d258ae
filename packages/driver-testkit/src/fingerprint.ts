import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

function content(path: string, isFile: boolean, isLink: boolean): string {
  if (isLink) return readlinkSync(path)
  return isFile ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''
}

/** Everything about a tree that a write could change, one line an entry; times of access are left out. */
export function fingerprint(directory: string): string[] {
  const lines: string[] = []
  const visit = (path: string): void => {
    const stat = lstatSync(path)
    const what = content(path, stat.isFile(), stat.isSymbolicLink())
    const { mode, uid, gid, nlink, size, mtimeMs, ctimeMs, ino } = stat
    lines.push([path, mode, uid, gid, nlink, size, mtimeMs, ctimeMs, ino, what].join(' '))
    if (!stat.isDirectory()) return
    for (const name of readdirSync(path).toSorted()) visit(join(path, name))
  }
  visit(directory)
  return lines
}
