import { readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, readIfThere } from './kernel-file.js'

/** A dead process leaves its group a moment after everybody has heard of its end. */
const RETRY_MS = 5

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Names of the groups right below one; none when it is gone. */
export function childGroups(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENODEV') return []
    throw error
  }
}

/** Pids of every process of a group and the groups below it, as this pid namespace numbers them. */
export function processesOf(directory: string): number[] {
  const text = readIfThere(join(directory, 'cgroup.procs')) ?? ''
  // 0: a process of another pid namespace, which cannot be named here
  const own = text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0)
  return [...own, ...childGroups(directory).flatMap((child) => processesOf(join(directory, child)))]
}

/** Removes a group and those below it, the lowest first. False: one of them still has processes. */
export function tryRemoveGroups(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') return true
    if (errno !== 'EBUSY' && errno !== 'ENOTEMPTY') throw error
  }
  const children = childGroups(directory)
  if (children.length === 0) return false
  for (const child of children) if (!tryRemoveGroups(join(directory, child))) return false
  return tryRemoveGroups(directory)
}

/**
 * The same, tried again while processes are still leaving.
 * @returns whether it is gone
 */
export async function removeGroups(directory: string, timeoutMs: number): Promise<boolean> {
  const until = performance.now() + timeoutMs
  for (;;) {
    if (tryRemoveGroups(directory)) return true
    if (performance.now() >= until) return false
    await pause(RETRY_MS)
  }
}
