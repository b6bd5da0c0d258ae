import { readFileSync, readlinkSync } from 'node:fs'

/** Field 22 of /proc/PID/stat: when a process started, in clock ticks since boot; undefined when there is no such process. */
export function processStartTime(pid: number | 'self'): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The command's name may hold spaces and parentheses: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie runs no more; its start time stays readable until somebody waits for it.
  return fields[0] === 'Z' ? undefined : fields[19]
}

/** Inode of this process's namespace of a kind, e.g. `pid`; undefined without /proc. */
export function namespaceInode(kind: 'pid' | 'user'): number | undefined {
  try {
    return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/self/ns/${kind}`))?.[1])
  } catch {
    return undefined
  }
}

/** What names a process for good: no other ever gets the same. */
export interface ProcessMark {
  readonly pid: number
  /** Clock ticks since boot. */
  readonly startTime: string
  /** Of the kernel's random id of the boot. */
  readonly bootId: string
  /** Inode; 0 without /proc. */
  readonly pidNamespace: number
}

let bootId: string | undefined

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return ''
  }
}

/** The mark of a process of this pid namespace; undefined when there is none. */
export function markProcess(pid: number): ProcessMark | undefined {
  const startTime = processStartTime(pid)
  if (startTime === undefined) return undefined
  bootId ??= readBootId()
  return Object.freeze({ pid, startTime, bootId, pidNamespace: namespaceInode('pid') ?? 0 })
}

/** Whether it still runs. In another pid namespace of this boot it cannot be seen, and counts as alive. */
export function isMarkAlive(mark: ProcessMark): boolean {
  bootId ??= readBootId()
  if (mark.bootId !== bootId) return false
  if (mark.pidNamespace !== (namespaceInode('pid') ?? 0)) return true
  return processStartTime(mark.pid) === mark.startTime
}
