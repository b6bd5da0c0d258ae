import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readHierarchies, readIfThere } from '@caisson/cgroup-kit'
import type { Missing } from '@caisson/core'
import { HOME } from './adopt.js'
import { availableControllers, delegationFix } from './controllers.js'

const CGROUP2_SUPER_MAGIC = 0x63677270
/** What a place without is not worth having. */
const COMMON: ReadonlySet<string> = new Set(['memory', 'cpu', 'pids', 'io'])

/** Where groups are made, or why nowhere. */
export interface Place {
  /** Directory that the slot is made in; undefined: `missing` says why. */
  readonly root: string | undefined
  /** The processes in `root` must go to a group of their own first: whoever calls has said that they may. */
  readonly adopt: boolean
  readonly missing: readonly Missing[]
  /** Whether the mount bounds who may be moved by cgroup namespaces. */
  readonly nsdelegate: boolean
  /** Gives it back, where it was made for us. */
  release?(): void
}

/** How a place is come by. */
export interface PlaceSource {
  /** Makes it, where it has to be made. */
  open(): Place | Promise<Place>
  /** Directories in which earlier processes may have left slots. Looks, and makes nothing. */
  left(): readonly string[]
}

/** What the caller says about it. */
export interface PlaceOptions {
  readonly root?: string | undefined
  readonly adoptOwnCgroup?: boolean | undefined
}

function isGroup(path: string): boolean {
  try {
    return statfsSync(path).type === CGROUP2_SUPER_MAGIC
  } catch {
    return false
  }
}

function isWritable(path: string): boolean {
  try {
    // who may make groups, and who may put processes there: delegation gives both
    for (const name of ['', 'cgroup.procs', 'cgroup.subtree_control'])
      accessSync(join(path, name), constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The root of all groups may have processes and controllers below; no other group may. */
function isTop(path: string): boolean {
  return !existsSync(join(path, 'cgroup.type'))
}

function hasProcesses(path: string): boolean {
  return (readIfThere(join(path, 'cgroup.procs')) ?? '') !== ''
}

function nowhere(what: string, fix: string, nsdelegate = false): Place {
  return { root: undefined, adopt: false, missing: [{ what, fix }], nsdelegate }
}

/** A group that was found or given, if it will do. */
export function checkRoot(root: string, adopt: boolean, nsdelegate: boolean): Place {
  if (!isGroup(root))
    return nowhere(`${root} is no control group of version 2`, 'Name a directory below its mount.')
  const type = readIfThere(join(root, 'cgroup.type'))?.trim() ?? 'domain'
  if (type !== 'domain')
    return nowhere(
      `${root} is \`${type}\`: memory cannot be limited there`,
      'Use a group whose cgroup.type is `domain`, outside threaded ones.',
    )
  if (!isWritable(root))
    return nowhere(`this user may not make control groups in ${root}`, delegationFix(), nsdelegate)
  // on hybrid hosts those may be here that nobody mounted elsewhere
  if (!availableControllers(root).some((each) => COMMON.has(each)))
    return nowhere(
      `${root} has none of the controllers memory, cpu, pids and io: they are in hierarchies of version 1, or not handed down`,
      existsSync('/sys/fs/cgroup/memory')
        ? 'Use the limiter for cgroup v1; or boot with systemd.unified_cgroup_hierarchy=1, or cgroup_no_v1=all.'
        : delegationFix(),
      nsdelegate,
    )
  return { root, adopt, missing: [], nsdelegate }
}

/**
 * Finds where groups can be made, by looking and never by version: the root that was given; the group of this process; as root
 * of a host without systemd, whose tree nobody else manages, the top.
 */
export function findPlace({ root, adoptOwnCgroup = false }: PlaceOptions): Place {
  const hierarchy = readHierarchies().find(({ version }) => version === 2)
  if (root !== undefined) return checkRoot(root, false, hierarchy?.nsdelegate ?? false)
  if (hierarchy === undefined)
    return nowhere(
      'control groups of version 2 are not mounted, or not visible here',
      'mount -t cgroup2 none /sys/fs/cgroup; in a container, run it with a cgroup namespace and a writable tree.',
    )
  const { own, mount, nsdelegate } = hierarchy
  // moved there before, by this process or one that started it
  if (basename(own) === HOME && !hasProcesses(dirname(own)) && isWritable(dirname(own)))
    return checkRoot(dirname(own), false, nsdelegate)
  if (isTop(own) || (isWritable(own) && !hasProcesses(own)))
    return checkRoot(own, false, nsdelegate)
  if (isWritable(own) && adoptOwnCgroup) return checkRoot(own, true, nsdelegate)
  // what systemd has made is systemd's to change: see `systemdScope`
  if (process.getuid?.() === 0 && isTop(mount) && !existsSync('/run/systemd/system'))
    return checkRoot(mount, false, nsdelegate)
  if (!isWritable(own)) return checkRoot(own, false, nsdelegate)
  return nowhere(
    `processes are in ${own}, which was given to this user, and no group with processes can limit groups below it`,
    `cgroupV2({ adoptOwnCgroup: true }) moves them to ${own}/${HOME}; or make a group beside theirs and name that by cgroupV2({ root }).`,
    nsdelegate,
  )
}

/** Found anew at each call. */
export function foundPlace(options: PlaceOptions): PlaceSource {
  const find = (): Place => findPlace(options)
  return {
    open: find,
    left() {
      const { root } = find()
      return root === undefined ? [] : [root]
    },
  }
}
