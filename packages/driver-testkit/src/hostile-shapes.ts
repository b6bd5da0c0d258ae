import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

/** What may stand in a root in the place of what a container expects there. */
export interface HostileShape {
  readonly name: string
  /** Only root can make it. */
  readonly needsRoot: boolean
  /** @param at where it is made, on the host; nothing is there @param canary a directory of the host that it leads to */
  make(at: string, canary: string): void
}

function node(name: string, ...numbers: readonly string[]): HostileShape {
  return {
    name,
    needsRoot: true,
    make: (at) => void execFileSync('mknod', ['-m', '666', at, 'c', ...numbers]),
  }
}

function shape(name: string, make: HostileShape['make']): HostileShape {
  return { name, needsRoot: false, make }
}

/** Links out of the root, loops, and things of every other type. */
export const hostileShapes: readonly HostileShape[] = Object.freeze([
  shape('absolute link', (at, canary) => symlinkSync(canary, at)),
  shape('climbing link', (at, canary) => symlinkSync(`${'../'.repeat(30)}${canary.slice(1)}`, at)),
  shape('link through /proc', (at, canary) => symlinkSync(`/proc/self/root${canary}`, at)),
  shape('link to itself', (at) => symlinkSync(basename(at), at)),
  shape('dangling link', (at) => symlinkSync('/nowhere/at-all', at)),
  shape('FIFO', (at) => void execFileSync('mkfifo', ['-m', '666', at])),
  shape('regular file', (at) => writeFileSync(at, 'not what you expect\n')),
  node('null device', '1', '3'),
  node('console device', '5', '1'),
  node('whiteout', '0', '0'),
  shape('nothing', (at) => rmSync(at, { force: true, recursive: true })),
])
