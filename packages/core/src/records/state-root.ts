import { lstatSync, mkdirSync, type Stats } from 'node:fs'
import { CaissonError } from '../errors/caisson-error.js'

function stateDirError(path: string, why: string | undefined, cause?: unknown): CaissonError {
  const fix = `chmod 700 ${path}, owned by this user, or pass another \`stateDir\`.`
  return new CaissonError({
    code: 'ERR_STATE_DIR',
    what: 'state directory',
    subject: path,
    why,
    fix,
    cause,
  })
}

/** errno of a failed call of node:fs, as its name. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** What is wrong with a directory that only this user may write; undefined: nothing. */
export function distrust(stat: Stats): string | undefined {
  if (stat.isSymbolicLink()) return 'it is a symbolic link'
  if (!stat.isDirectory()) return 'it is not a directory'
  if (stat.uid !== process.geteuid?.()) return `it belongs to user ${stat.uid}`
  if ((stat.mode & 0o077) !== 0)
    return `others may enter it (mode ${(stat.mode & 0o777).toString(8)})`
  return undefined
}

/**
 * Whether the directory is there and safe to use.
 * @throws CaissonError ERR_STATE_DIR when somebody else could write in it
 */
export function isPrivateDirectory(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return false
  const why = distrust(stat)
  if (why !== undefined) throw stateDirError(path, why)
  return true
}

/**
 * Makes the directory, mode 0700, unless it is there.
 * @throws CaissonError ERR_STATE_DIR
 */
export function makePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    // there, and no directory: said below
    if (errnoOf(error) !== 'EEXIST') throw stateDirError(path, errnoOf(error), error)
  }
  if (!isPrivateDirectory(path)) throw stateDirError(path, 'it vanished')
}
