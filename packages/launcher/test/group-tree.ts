import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statfsSync,
} from 'node:fs'
import { join } from 'node:path'

const CGROUP2_SUPER_MAGIC = 0x63677270
const places = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']

/** Where groups of version 2 can be made here, also on a hybrid host or by a user who was given a tree; undefined: nowhere. */
export function findTree(): string | undefined {
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/'
  return places
    .flatMap((place) => [place, join(place, own)])
    .find((path) => {
      try {
        accessSync(path, constants.W_OK)
        return statfsSync(path).type === CGROUP2_SUPER_MAGIC
      } catch {
        return false
      }
    })
}

/** A hierarchy of version 1 that groups can be made in. */
export function findHierarchy(): string | undefined {
  const path = '/sys/fs/cgroup/pids'
  return existsSync(join(path, 'tasks')) ? path : undefined
}

/** Removes groups, those below first. */
function removeGroups(path: string): void {
  if (!existsSync(path)) return
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroups(join(path, entry.name))
  rmdirSync(path)
}

/** Groups of a test, in a directory of their own. */
export class GroupTree implements Disposable {
  readonly path: string

  constructor(tree: string) {
    this.path = mkdtempSync(join(tree, 'caisson-test-'))
  }

  /** What a container has: a place for its pid 1, and one for each of its commands. */
  container(name: string, rootUid: number): { init: string; box: string; path: string } {
    const path = this.delegated(name, rootUid)
    mkdirSync(join(path, 'init'))
    return { path, init: join(path, 'init'), box: this.delegated(join(name, 'box'), rootUid) }
  }

  /** A group that root of a container may move its processes to. */
  delegated(name: string, rootUid: number): string {
    const path = join(this.path, name)
    mkdirSync(path)
    // a user's own group is its container's already
    if (rootUid !== 0) chownSync(join(path, 'cgroup.procs'), rootUid, rootUid)
    return path
  }

  [Symbol.dispose](): void {
    removeGroups(this.path)
  }
}

/** Host pids in a group. */
export function members(group: string): readonly number[] {
  return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
}
