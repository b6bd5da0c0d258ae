import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isMarkAlive, markProcess, type Launcher } from '@caisson/core'
import { distroError } from '../distro-error.js'

/** A directory that tools may fill, and that goes with all that they left in it. */
export interface Scratch extends AsyncDisposable {
  /** Absolute; mode 0755, below directories that everybody may pass through: tools change their user. */
  readonly path: string
}

const PREFIX = 'caisson-build.'
const form = /^caisson-build\.(\d+)\.(\d+)\.([0-9a-f-]*)\.(\d+)-[A-Za-z0-9]{6}$/

function isOpenToAll(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false })
    if (stat?.isDirectory() !== true || (stat.mode & 0o001) === 0) return false
    if (dirname(at) === at) return true
  }
}

/** $TMPDIR of this process if others may pass through it: it is often private. */
function placeOf(): string {
  const found = [tmpdir(), '/var/tmp', '/tmp'].find(isOpenToAll)
  if (found !== undefined) return found
  const why = 'no directory for temporary files is one that other users may pass through'
  throw distroError('ERR_STORE_IO', tmpdir(), why, 'Set TMPDIR to one, e.g. /var/tmp.')
}

function ownerName(): string {
  const mark = markProcess(process.pid)
  if (mark === undefined) return `${PREFIX}${process.pid}.0..0-`
  return `${PREFIX}${[mark.pid, mark.startTime, mark.bootId, mark.pidNamespace].join('.')}-`
}

function isOrphan(path: string, name: string): boolean {
  const [, pid, startTime = '', bootId = '', pidNamespace] = form.exec(name) ?? []
  if (pid === undefined) return false
  if (lstatSync(path, { throwIfNoEntry: false })?.uid !== process.geteuid?.()) return false
  return !isMarkAlive({ pid: Number(pid), startTime, bootId, pidNamespace: Number(pidNamespace) })
}

/** What tools of a user with ranges of ids leave may belong to other ids: only the launcher can remove that. */
async function remove(path: string, launcher: Launcher): Promise<void> {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    await using jail = await launcher.jail?.(path)
    if (jail === undefined) throw error
    for (const name of readdirSync(path)) await jail.files.remove(Buffer.from(name), true)
    rmSync(path, { recursive: true, force: true })
  }
}

/**
 * Makes one, and removes those that processes left which were killed.
 * @throws CaissonError ERR_STORE_IO when there is no place for it
 */
export async function openScratch(launcher: Launcher): Promise<Scratch> {
  const place = placeOf()
  for (const name of readdirSync(place)) {
    const path = join(place, name)
    // what cannot be removed now is tried again the next time
    if (isOrphan(path, name)) await remove(path, launcher).catch(() => {})
  }
  const outer = mkdtempSync(join(place, ownerName()))
  chmodSync(outer, 0o755)
  const path = join(outer, 'tmp')
  mkdirSync(path)
  // tools with other ids make files here
  chmodSync(path, 0o1777)
  return { path, [Symbol.asyncDispose]: () => remove(outer, launcher) }
}
