import { parseFlatKeyed, parseSingle, readIfThere } from '@caisson/cgroup-kit'
import type { Group } from './group.js'
import type { Controller } from './trees.js'

function text(group: Group, controller: Controller, file: string): string | undefined {
  const path = group.file(controller, file)
  return path === undefined ? undefined : readIfThere(path)
}

function single(group: Group, controller: Controller, file: string): number | undefined {
  return parseSingle(text(group, controller, file))
}

function keyed(
  group: Group,
  controller: Controller,
  file: string,
  key: string,
): number | undefined {
  const found = text(group, controller, file)
  return found === undefined ? undefined : parseFlatKeyed(found).get(key)
}

/** CPU time of a group and those below it, in nanoseconds, since it was made. */
export function cpuNs(group: Group): number | undefined {
  return single(group, 'cpuacct', 'cpuacct.usage')
}

/** The part of it in user mode, as sampled by the kernel's clock. */
export function cpuUserNs(group: Group): number | undefined {
  return single(group, 'cpuacct', 'cpuacct.usage_user')
}

/** Greatest memory use of a group and those below it, in bytes: the kernel's own mark. */
export function peakMemory(group: Group): number | undefined {
  return single(group, 'memory', 'memory.max_usage_in_bytes')
}

/** Processes of this very group that were killed for want of memory, whosever limit it was: v1 counts them where they were. */
export function oomKills(group: Group): number | undefined {
  return keyed(group, 'memory', 'memory.oom_control', 'oom_kill')
}

/** Processes and threads of a group and those below it, now. */
export function currentPids(group: Group): number | undefined {
  return single(group, 'pids', 'pids.current')
}

/** Greatest number of processes and threads (since Linux 6.5). */
export function peakPids(group: Group): number | undefined {
  return single(group, 'pids', 'pids.peak')
}

/** How often one of this very group was not allowed another. */
export function pidsRefused(group: Group): number | undefined {
  return keyed(group, 'pids', 'pids.events', 'max')
}

/** The kernel charges in batches of 64 pages a CPU: a group at its limit may have that much less on its mark. */
const BATCH = 4 << 20

/** Whether a group has been at its own memory limit. */
export function metMemoryLimit(group: Group): boolean {
  for (const name of ['', 'memsw.']) {
    if ((single(group, 'memory', `memory.${name}failcnt`) ?? 0) > 0) return true
    const limit = single(group, 'memory', `memory.${name}limit_in_bytes`)
    const peak = single(group, 'memory', `memory.${name}max_usage_in_bytes`)
    if (limit !== undefined && peak !== undefined && peak > limit - BATCH) return true
  }
  return false
}
