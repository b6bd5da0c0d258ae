import { namespaceInode, processStartTime } from '@caisson/core'

const form = /^caisson-(\d+)-(\d+)-(\d+)(-kept|-probe)?$/

/**
 * Name of the directory that holds every group of this process: `caisson-<pid>-<start time>-<pid namespace>`. No other process
 * ever has it; the namespace is in it because a pid says nothing to those who cannot see the process.
 */
export function slotName(): string {
  const start = processStartTime('self') ?? '0'
  return `caisson-${process.pid}-${start}-${namespaceInode('pid') ?? 0}`
}

/**
 * Name of the directory for groups of containers that stay: they may outlive this process (detached ones), and then hold
 * processes for good reason.
 */
export function keptSlotName(): string {
  return `${slotName()}-kept`
}

/** Name of a directory that is made for a look at what the kernel offers, and removed at once. */
export function probeSlotName(): string {
  return `${slotName()}-probe`
}

/** Whether a name is one of `keptSlotName`, of whatever process. */
export function isKeptSlot(name: string): boolean {
  return form.exec(name)?.[4] === '-kept'
}

/** Whether a name of one of those has lost its owner; false for every other name, and for owners that cannot be seen. */
export function isOrphanedSlot(name: string): boolean {
  const [, pid, start, namespace] = form.exec(name) ?? []
  if (pid === undefined || Number(namespace) !== (namespaceInode('pid') ?? 0)) return false
  return processStartTime(Number(pid)) !== start
}
