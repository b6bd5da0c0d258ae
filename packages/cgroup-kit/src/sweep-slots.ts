import { join } from 'node:path'
import { childGroups, removeGroups } from './group-tree.js'
import { isOrphanedSlot } from './slot-name.js'
import { trackGroup } from './tracker.js'

/** How long a killed process may take to leave its group. */
const LEAVE_MS = 5000

/** What a sweep did. */
export interface SweptSlots {
  /** Names of slots whose owner is dead, and that are gone now. */
  readonly removed: readonly string[]
  /** Those that were not removed, with what failed. */
  readonly failed: readonly { readonly slot: string; readonly error: unknown }[]
}

async function clear(slot: string, directories: readonly string[]): Promise<void> {
  // killed by the first that has it, which is to be the one that kills best; empty in all once they are dead
  for (const parent of directories) {
    const tracker = trackGroup(join(parent, slot))
    if (!tracker.populated()) continue
    await tracker.kill()
    await tracker.waitEmpty(LEAVE_MS)
  }
  for (const parent of directories) {
    if (await removeGroups(join(parent, slot), LEAVE_MS)) continue
    throw new Error(`${join(parent, slot)} still has processes`)
  }
}

/**
 * Removes what dead owners have left: kills, waits until nobody is left, removes. Never throws. Any number of processes may
 * sweep at any time.
 * @param directories where slots are made, one for each hierarchy; the one to kill by first (cgroup2, freezer)
 */
export async function sweepSlots(directories: readonly string[]): Promise<SweptSlots> {
  const slots = new Set<string>()
  const failed: { slot: string; error: unknown }[] = []
  for (const directory of directories) {
    try {
      for (const name of childGroups(directory)) if (isOrphanedSlot(name)) slots.add(name)
    } catch (error) {
      failed.push({ slot: directory, error })
    }
  }
  const removed: string[] = []
  for (const slot of slots) {
    try {
      await clear(slot, directories)
      removed.push(slot)
    } catch (error) {
      failed.push({ slot, error })
    }
  }
  return { removed, failed }
}
