import type { Group } from './group.js'

/** Opened ahead for groups that are made ahead. */
export const COUNTED = [
  'cpu.stat',
  'memory.peak',
  'memory.events',
  'pids.peak',
  'pids.events',
] as const

/** CPU times in milliseconds since the group was made, of those below too. */
export function cpuMs(
  group: Group,
  key: 'usage_usec' | 'user_usec' | 'system_usec',
): number | undefined {
  const us = group.value('cpu.stat', key)
  return us === undefined ? undefined : us / 1000
}

/** Greatest memory use in bytes: the kernel's own mark (5.19 or newer). */
export function peakMemory(group: Group): number | undefined {
  return group.number('memory.peak')
}

/** How often all processes of a group were killed for want of memory together (`memory.oom.group`). */
export function groupKills(group: Group): number {
  return group.value('memory.events', 'oom_group_kill') ?? 0
}

/**
 * Processes that were killed for want of memory, here and below, whosever limit it was. Where all of a group are killed, the
 * kernel counts the one it had chosen twice: first alone, then among all.
 * @param together how often all were killed, counted in the group of which they are all
 */
export function oomKills(group: Group, together?: number): number | undefined {
  const counted = group.value('memory.events', 'oom_kill')
  // Asked last: of a kill in between, the second count is missing then, until the next look, and never one too many.
  together ??= groupKills(group)
  return counted === undefined || counted === 0 ? counted : Math.max(1, counted - together)
}

/** Greatest number of processes and threads (6.1 or newer). */
export function peakPids(group: Group): number | undefined {
  return group.number('pids.peak')
}

/**
 * How often one was refused another. Before 6.11 the kernel counts in the group of who was refused, from then on in the one
 * whose limit it was: both are asked.
 */
export function pidsRefused(group: Group): number | undefined {
  return group.value('pids.events', 'max')
}

/** How often this very group ran out of memory at its own limit. */
export function ownOoms(group: Group): number {
  return group.value('memory.events.local', 'oom') ?? 0
}
