import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const SKIPPED = new Set(['node_modules', 'dist', 'dist-test', 'build', 'coverage'])
const INPUTS = [
  'package.json',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'tsconfig.json',
  'tsconfig.base.json',
  'packages',
  'test',
  'examples',
]

function* files(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isDirectory()) {
    if (!path.endsWith('.tsbuildinfo')) yield { path, stat }
    return
  }
  for (const name of readdirSync(path).toSorted()) {
    if (!SKIPPED.has(name)) yield* files(join(path, name))
  }
}

/**
 * A hash over path, size and time of everything that set-up reads: equal to the last one means that there is nothing to
 * do. Reading contents would take longer than the compiler's own look.
 */
export function fingerprint(root) {
  const hash = createHash('sha256')
  hash.update(`${process.version} ${process.arch}\n`)
  for (const input of INPUTS) {
    for (const { path, stat } of files(join(root, input))) {
      hash.update(`${path.slice(root.length)} ${stat.size} ${stat.mtimeMs}\n`)
    }
  }
  return hash.digest('hex')
}
