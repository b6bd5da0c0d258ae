import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, realpathSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'

const programs = ['sh', 'ls', 'rm', 'cat']

/**
 * The lesson's own root: a directory with a shell, a few programs and the libraries that they name. It belongs to whoever
 * runs this, so that an ordinary user's container may delete in it too.
 */
export function makeSmallRoot(path: string): string {
  if (existsSync(path)) return path
  const fresh = `${path}.${process.pid}`
  const copy = (file: string) => {
    mkdirSync(join(fresh, dirname(file)), { recursive: true })
    cpSync(realpathSync(file), join(fresh, file))
  }
  for (const program of programs) {
    const file = `/bin/${program}`
    copy(file)
    // `/lib/libc.so.6 => ...` and the bare path of the dynamic loader
    const libraries = execFileSync('ldd', [file], { encoding: 'utf8' }).matchAll(/(\/\S+) \(/g)
    for (const [, library] of libraries) if (library !== undefined) copy(library)
  }
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'etc']) mkdirSync(join(fresh, name))
  // whole or not at all: the next run takes what it finds
  renameSync(fresh, path)
  return path
}
