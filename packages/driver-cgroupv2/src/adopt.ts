import { join } from 'node:path'
import { errnoOf, limitError, readIfThere, writeKernelFile } from '@caisson/cgroup-kit'
import { DRIVER } from './driver-name.js'
import { Group } from './group.js'

/** Name of the group that processes are moved to. */
export const HOME = 'sdk'

/** A process that forks while its group is emptied leaves a child behind: looked for again. */
const PASSES = 50

/**
 * Moves every process of a group to a group `sdk` below it, this one too: then groups beside that can have limits.
 * @throws CaissonError ERR_LIMIT_DELEGATION, ERR_LIMIT
 */
export function adoptGroup(directory: string): void {
  const home = Group.make(join(directory, HOME))
  const file = join(home.directory, 'cgroup.procs')
  for (let pass = 0; pass < PASSES; pass++) {
    const pids = (readIfThere(join(directory, 'cgroup.procs')) ?? '').split('\n').filter(Boolean)
    if (pids.length === 0) return
    for (const value of pids) {
      try {
        writeKernelFile(file, value)
      } catch (error) {
        // it has died meanwhile
        if (errnoOf(error) !== 'ESRCH') throw limitError({ driver: DRIVER, file, value, error })
      }
    }
  }
}
