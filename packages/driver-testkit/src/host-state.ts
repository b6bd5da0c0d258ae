import { readdirSync, readFileSync } from 'node:fs'

/** What must be the same before and after. */
export interface HostState {
  /** Lines of /proc/self/mountinfo. */
  readonly mounts: readonly string[]
  /** Processes that descend from this one, itself not counted. */
  readonly descendants: number
  /** Descriptors that this process has open. */
  readonly descriptors: number
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** undefined: it ended meanwhile. */
function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return undefined
  }
}

/** Pids on this host of processes with `marker` in their command line. */
export function processesWith(marker: string): number[] {
  return pids().filter((pid) => readProc(pid, 'cmdline')?.includes(marker) === true)
}

function countDescendants(): number {
  const parents = new Map<number, number>()
  for (const pid of pids()) {
    const stat = readProc(pid, 'stat')
    // The name in parentheses may hold anything; the parent is the second field after it.
    const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
    if (parent !== undefined) parents.set(pid, Number(parent))
  }
  let count = 0
  for (const start of parents.keys()) {
    let pid = parents.get(start)
    while (pid !== undefined && pid > 1 && pid !== process.pid) pid = parents.get(pid)
    if (pid === process.pid) count++
  }
  return count
}

export function readHostState(): HostState {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n'),
    descendants: countDescendants(),
    descriptors: readdirSync('/proc/self/fd').length,
  }
}
