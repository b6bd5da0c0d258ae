import { readFileSync, readdirSync } from 'node:fs'
import { expect } from 'chai'
import { waitUntil } from './wait-until.js'

/** What a container must not leave behind, as far as this process can see. */
export interface Leftovers {
  readonly descriptors: number
  readonly mounts: string
  /** Host pids of first processes. The launcher is our only lasting child; containers are its children. */
  readonly containers: readonly string[]
}

function childrenOf(pid: string): readonly string[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return children.filter(Boolean)
  } catch {
    return []
  }
}

// In a pid namespace of its own. The launcher's other children fill its pools and are gone at once; a spare waits for the
// next container, and nobody's program has run in it.
function isContainer(pid: string): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    if (status.startsWith('Name:\tcaisson-spare\n')) return false
    return (/^NSpid:(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/).length ?? 0) > 1
  } catch {
    return false
  }
}

/** What is there now. */
export function takeStock(): Leftovers {
  const launchers = childrenOf(String(process.pid))
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    containers: launchers.flatMap(childrenOf).filter(isContainer),
  }
}

/**
 * Waits until no container is left, and no more of the rest than before: the last process of a container may be dying still when its result is there.
 * @throws AssertionError telling the difference when there is one still after as long as `waitUntil` waits
 */
export async function expectNothingLeft(before: Leftovers): Promise<void> {
  const clean: Leftovers = { ...before, containers: [] }
  const isClean = () => JSON.stringify(takeStock()) === JSON.stringify(clean)
  await waitUntil('nothing is left', isClean).catch(() => {
    expect(takeStock()).to.deep.equal(clean)
  })
}
