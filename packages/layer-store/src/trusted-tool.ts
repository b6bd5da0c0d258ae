import { statSync } from 'node:fs'
import { CaissonError } from '@caisson/core'

/** Never from $PATH, which is the caller's affair: a program that root runs lies in a directory of root's. */
const DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'] as const

const found = new Map<string, string>()

function isTrusted(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && stat.uid === 0 && (stat.mode & 0o022) === 0
}

/**
 * The absolute path of a program of the host that belongs to root and that nobody else may write.
 * @throws CaissonError ERR_TOOL_MISSING naming the package
 */
export function trustedTool(name: string, debianPackage: string): string {
  const known = found.get(name)
  if (known !== undefined) return known
  const path = DIRECTORIES.map((directory) => `${directory}/${name}`).find(isTrusted)
  if (path === undefined) {
    throw new CaissonError({
      code: 'ERR_TOOL_MISSING',
      what: 'program not found',
      subject: name,
      why: `it is not in ${DIRECTORIES.join(', ')}`,
      fix: `As root: apt-get install ${debianPackage}`,
    })
  }
  found.set(name, path)
  return path
}
