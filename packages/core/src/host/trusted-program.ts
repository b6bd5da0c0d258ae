import { statSync, type Stats } from 'node:fs'
import { CaissonError } from '../errors/caisson-error.js'

// Never $PATH, which is the caller's affair: what is found here is run with the rights of this process.
const directories: readonly string[] = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']

/** What is there, links followed, if it is root's and nobody else may write it. */
function ownedByRootAlone(path: string): Stats | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.uid === 0 && (stat.mode & 0o022) === 0 ? stat : undefined
}

function isTrusted(directory: string, path: string): boolean {
  const program = ownedByRootAlone(directory) && ownedByRootAlone(path)
  return program?.isFile() === true && (program.mode & 0o111) !== 0
}

/**
 * The absolute path of a host program that root alone can have put there: it and its directory belong to root, and neither group
 * nor others may write them. Undefined when there is none.
 * @param within absolute directories, the first first. Default: /usr/bin /bin /usr/sbin /sbin /usr/local/bin
 */
export function trustedProgram(
  name: string,
  within: readonly string[] = directories,
): string | undefined {
  for (const directory of within) {
    const path = `${directory}/${name}`
    if (isTrusted(directory, path)) return path
  }
  return undefined
}

/**
 * The same, where nothing goes without it.
 * @param debianPackage that has it
 * @throws CaissonError ERR_TOOL_MISSING naming the package
 */
export function requireProgram(name: string, debianPackage: string): string {
  const path = trustedProgram(name)
  if (path !== undefined) return path
  throw new CaissonError({
    code: 'ERR_TOOL_MISSING',
    what: 'program not found',
    subject: name,
    why: `in ${directories.join(', ')} is none that root alone may write`,
    fix: `As root: apt-get install ${debianPackage}`,
  })
}
