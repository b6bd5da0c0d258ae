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
