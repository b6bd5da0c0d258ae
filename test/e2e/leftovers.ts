import { readFileSync, readdirSync } from 'node:fs'

/** What a container must not leave behind, as far as this process can see. */
export interface Leftovers {
  readonly descriptors: number
  readonly mounts: string
  readonly children: readonly string[]
}

// The launcher is our only lasting child; containers are its children.
function childrenOf(pid: string): readonly string[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return children.filter(Boolean)
  } catch {
    return []
  }
}

/** What is there now: take it before and after, and compare. */
export function takeStock(): Leftovers {
  const launchers = childrenOf(String(process.pid))
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    children: launchers.flatMap(childrenOf),
  }
}
