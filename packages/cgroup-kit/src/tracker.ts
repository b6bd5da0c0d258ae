import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseFlatKeyed } from './flat-keyed.js'
import { processesOf } from './group-tree.js'
import { errnoOf, readIfThere, writeKernelFile } from './kernel-file.js'
import { waitForGroup } from './wait-events.js'

/**
 * The processes of one group and of those below it: kills them all, stops them all, knows whether any is left. By what the
 * directory offers: `cgroup.kill` and `cgroup.freeze` of cgroup2, else the freezer of v1, else signals alone.
 */
export interface Tracker {
  readonly directory: string
  /** Whether a process is left; false also when the group is gone. */
  readonly populated: () => boolean
  /** Kills every process, frozen ones and forking ones too. Settles when all are told to die. Idempotent. */
  readonly kill: () => Promise<void>
  /** Whether none is left within the time. */
  readonly waitEmpty: (timeoutMs: number) => Promise<boolean>
  /** Absent where nothing can freeze. Settles when all stand still, or may go on. */
  readonly freeze?: (on: boolean) => Promise<void>
}

const FREEZE_MS = 5000
/** A fork bomb is dead after a few: each pass kills those who were born during the last. */
const PASSES = 100

function writeUnlessGone(path: string, value: string): void {
  try {
    writeKernelFile(path, value)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'ENOENT' && errno !== 'ENODEV') throw error
  }
}

function signalAll(directory: string): number {
  const pids = processesOf(directory)
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has died meanwhile
    }
  }
  return pids.length
}

/** Pids are read, then used: while all are frozen none can die and leave its number to somebody else. */
async function killFrozen(
  directory: string,
  freeze: ((on: boolean) => Promise<void>) | undefined,
): Promise<void> {
  for (let pass = 0; pass < PASSES; pass++) {
    let left = 0
    try {
      // one that cannot be stopped can be killed all the same
      await freeze?.(true).catch(() => {})
      left = signalAll(directory)
    } finally {
      // a signal for a frozen process waits: always thaw
      await freeze?.(false)
    }
    if (left === 0) return
    if (await waitForGroup(undefined, () => processesOf(directory).length === 0, 20)) return
  }
}

async function settle(directory: string, done: () => boolean, what: string): Promise<void> {
  const events = existsSync(join(directory, 'cgroup.events')) ? directory : undefined
  if (await waitForGroup(events, done, FREEZE_MS)) return
  throw new Error(`${directory} is not ${what} after ${FREEZE_MS} ms`)
}

/** A group of the cgroup2 tree. */
function unifiedTracker(directory: string): Tracker {
  const events = (): ReadonlyMap<string, number> =>
    parseFlatKeyed(readIfThere(join(directory, 'cgroup.events')) ?? '')
  const populated = (): boolean => events().get('populated') === 1
  // one that is empty is frozen too; one that is gone has no events
  const frozen = (): boolean => (events().get('frozen') ?? 1) === 1
  const freeze = async (on: boolean): Promise<void> => {
    writeUnlessGone(join(directory, 'cgroup.freeze'), on ? '1' : '0')
    if (!on) return
    await settle(directory, frozen, 'frozen')
  }
  const hasKill = existsSync(join(directory, 'cgroup.kill'))
  return {
    directory,
    populated,
    freeze,
    async kill() {
      if (!hasKill) return killFrozen(directory, freeze)
      // one that is killed frozen stays frozen, and stops whoever enters it later
      writeUnlessGone(join(directory, 'cgroup.freeze'), '0')
      writeUnlessGone(join(directory, 'cgroup.kill'), '1')
    },
    waitEmpty: (timeoutMs) => waitForGroup(directory, () => !populated(), timeoutMs),
  }
}

/** A group of a v1 hierarchy: of the freezer if there is one. */
function signalTracker(directory: string, canFreeze: boolean): Tracker {
  const state = join(directory, 'freezer.state')
  const populated = (): boolean => processesOf(directory).length > 0
  const freeze = async (on: boolean): Promise<void> => {
    writeUnlessGone(state, on ? 'FROZEN' : 'THAWED')
    if (!on) return
    // it says FREEZING until the last has stopped, and has to be told again where one forked meanwhile
    const frozen = (): boolean => {
      const now = readIfThere(state)?.trim() ?? 'FROZEN'
      if (now === 'FREEZING') writeUnlessGone(state, 'FROZEN')
      return now === 'FROZEN'
    }
    try {
      await settle(directory, frozen, 'frozen')
    } catch (error) {
      writeUnlessGone(state, 'THAWED')
      throw error
    }
  }
  return {
    directory,
    populated,
    ...(canFreeze ? { freeze } : {}),
    kill: () => killFrozen(directory, canFreeze ? freeze : undefined),
    waitEmpty: (timeoutMs) => waitForGroup(undefined, () => !populated(), timeoutMs),
  }
}

/** For a group that is there. */
export function trackGroup(directory: string): Tracker {
  if (existsSync(join(directory, 'cgroup.events'))) return unifiedTracker(directory)
  return signalTracker(directory, existsSync(join(directory, 'freezer.state')))
}
