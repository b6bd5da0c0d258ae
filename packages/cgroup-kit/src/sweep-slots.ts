import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { childGroups, removeGroups, tryRemoveGroups } from './group-tree.js'
import { isKeptSlot, isOrphanedSlot } from './slot-name.js'
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

/** Of containers that stay, those in which nobody lives: the others outlive whoever made them. */
async function clearKept(slot: string, directories: readonly string[]): Promise<void> {
  for (const parent of directories) {
    for (const group of childGroups(join(parent, slot))) {
      const places = directories.map((directory) => join(directory, slot, group))
      if (places.some((place) => trackGroup(place).populated())) continue
      for (const place of places) tryRemoveGroups(place)
    }
  }
  for (const parent of directories) {
    if (childGroups(join(parent, slot)).length === 0) tryRemoveGroups(join(parent, slot))
  }
}

/**
 * Removes what dead owners have left: kills, waits until nobody is left, removes; of containers that stay (`keptSlotName`) only
 * what is empty. Never throws. Any number of processes may
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
      if (isKeptSlot(slot)) await clearKept(slot, directories)
      else await clear(slot, directories)
      if (!directories.some((directory) => existsSync(join(directory, slot)))) removed.push(slot)
    } catch (error) {
      failed.push({ slot, error })
    }
  }
  return { removed, failed }
}

/**
 * Where the group of a container that stays is, whoever made it: its name below `directory`.
 * @param name of the group in its slot
 */
export function findKept(directory: string, name: string): string | undefined {
  const slot = childGroups(directory).find(
    (each) => isKeptSlot(each) && existsSync(join(directory, each, name)),
  )
  return slot === undefined ? undefined : join(slot, name)
}
