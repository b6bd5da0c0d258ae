import { userInfo } from 'node:os'
import type { LauncherIdentity } from '@caisson/core'
import { namespaceInode, trustedProgram } from '@caisson/core'
import { BLOCK_IDS } from './id-block.js'
import type { IdRange } from './sub-ids.js'
import { findSubIds, parseIdDatabase, parseSubIds, readOptional } from './sub-ids.js'

/** What the ladder of identities is decided by. */
export interface HostCredentials {
  readonly uid: number
  readonly gid: number
  readonly userName: string | undefined
  /** Effective capabilities, a bit set. */
  readonly capabilities: bigint
  /** Lines of /proc/self/uid_map and gid_map. */
  readonly uidMap: string
  readonly gidMap: string
  readonly initialUserNamespace: boolean
  /** /proc/self/setgroups */
  readonly setgroupsAllowed: boolean
  /** Texts of /etc/subuid, /etc/subgid and /etc/group. */
  readonly subuid: string
  readonly subgid: string
  readonly groups: string
  /** Absolute paths of trusted helpers, undefined when there are none. */
  readonly newuidmap: string | undefined
  readonly newgidmap: string | undefined
}

/** How newuidmap and newgidmap are called: map 0 is the user itself, the rest is a range of its own. */
export interface MapHelpers {
  readonly newuidmap: string
  readonly newgidmap: string
  readonly uid: number
  readonly gid: number
  readonly uids: IdRange
  readonly gids: IdRange
}

/** What `hello` says and how it is answered. */
export type IdentityPlan =
  | { readonly mode: 'root' }
  | {
      readonly mode: 'ranges'
      readonly userns: 0
      readonly uidMap: string
      readonly gidMap: string
    }
  | { readonly mode: 'ranges'; readonly userns: 2; readonly helpers: MapHelpers }
  | { readonly mode: 'single'; readonly userns: 0 | 1; readonly why: readonly string[] }

/** Inode of the first user namespace on every Linux (PROC_USER_INIT_INO). */
const INITIAL_USER_NAMESPACE = 0xeffffffd
const CAP_SETGID = 6n
const CAP_SETUID = 7n
const CAP_SYS_ADMIN = 21n

/** Reads what this process is on this host. */
export function readHostCredentials(): HostCredentials {
  const status = readOptional('/proc/self/status')
  const uidMap = readOptional('/proc/self/uid_map')
  const inode = namespaceInode('user')
  return {
    // Linux has both; the types cover Windows too.
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    userName: nameOfUser(),
    capabilities: BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`),
    uidMap,
    gidMap: readOptional('/proc/self/gid_map'),
    initialUserNamespace:
      inode === undefined ? countFromZero(uidMap) >= 0xffffffff : inode === INITIAL_USER_NAMESPACE,
    setgroupsAllowed: readOptional('/proc/self/setgroups').trim() !== 'deny',
    subuid: readOptional('/etc/subuid'),
    subgid: readOptional('/etc/subgid'),
    groups: readOptional('/etc/group'),
    newuidmap: trustedProgram('newuidmap'),
    newgidmap: trustedProgram('newgidmap'),
  }
}

function nameOfUser(): string | undefined {
  try {
    return userInfo().username
  } catch {
    // A uid without an account, usual in containers.
    return undefined
  }
}

interface Extent {
  readonly start: number
  readonly count: number
}

/** What a map has from 0 on without a gap, line by line. */
function extentsFromZero(map: string): readonly Extent[] {
  const lines = map
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((fields) => fields.length === 3)
    .toSorted(([a = 0], [b = 0]) => a - b)
  const extents: Extent[] = []
  let next = 0
  for (const [start = 0, , count = 0] of lines) {
    if (start !== next) break
    extents.push({ start, count })
    next += count
  }
  return extents
}

/** How many ids a map has from 0 on without a gap. */
export function countFromZero(map: string): number {
  return extentsFromZero(map).reduce((sum, extent) => sum + extent.count, 0)
}

/**
 * The map of a namespace inside one with this map, in which the first 65536 ids keep their numbers. Each line must lie
 * within a line of the outer map: the kernel refuses one that spans two (EPERM).
 */
function mapWithin(outer: string): string {
  return extentsFromZero(outer)
    .filter(({ start }) => start < BLOCK_IDS)
    .map(({ start, count }) => `${start} ${start} ${Math.min(count, BLOCK_IDS - start)}`)
    .join('\n')
}

/** The best rung of the ladder that these credentials reach. */
export function chooseIdentity(host: HostCredentials): IdentityPlan {
  const has = (capability: bigint) => ((host.capabilities >> capability) & 1n) === 1n
  const privileged = host.uid === 0 && has(CAP_SYS_ADMIN) && has(CAP_SETUID) && has(CAP_SETGID)
  // Root of another user namespace holds no power over host file systems: no id-mapped mount, no trusted.* attribute.
  if (privileged && host.initialUserNamespace) return { mode: 'root' }
  if (privileged) {
    const ids = Math.min(countFromZero(host.uidMap), countFromZero(host.gidMap))
    if (ids >= BLOCK_IDS && host.setgroupsAllowed) {
      return {
        mode: 'ranges',
        userns: 0,
        uidMap: mapWithin(host.uidMap),
        gidMap: mapWithin(host.gidMap),
      }
    }
    return {
      mode: 'single',
      userns: 0,
      why: [`this user namespace has ${ids} of the 65536 ids of a container`],
    }
  }
  return chooseUnprivileged(host)
}

function chooseUnprivileged(host: HostCredentials): IdentityPlan {
  const group = groupName(host.groups, host.gid)
  const uids = findSubIds(parseSubIds(host.subuid), host.userName, host.uid, BLOCK_IDS - 1)
  // newgidmap too looks a range up by the user's name, not the group's.
  const gids = findSubIds(parseSubIds(host.subgid), host.userName, host.uid, BLOCK_IDS - 1)
  const { newuidmap, newgidmap, uid, gid } = host
  if (uids && gids && newuidmap && newgidmap) {
    return { mode: 'ranges', userns: 2, helpers: { newuidmap, newgidmap, uid, gid, uids, gids } }
  }
  const why: string[] = []
  const user = host.userName ?? String(uid)
  if (!uids || !gids) {
    why.push(
      `no 65535 ids for ${user} (group ${group}) in /etc/subuid and /etc/subgid; ` +
        `as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`,
    )
  }
  if (!newuidmap || !newgidmap)
    why.push('newuidmap and newgidmap are not installed; as root: apt-get install uidmap')
  return { mode: 'single', userns: 1, why }
}

function groupName(groups: string, gid: number): string {
  for (const [name, id] of parseIdDatabase(groups)) if (id === gid) return name
  return String(gid)
}

/** What lies within the two lines that newuidmap and newgidmap write. */
const HELPED_MAP = mapWithin(`0 0 1\n1 1 ${BLOCK_IDS - 1}`)

/** What `hello` says in this mode; `base` is the first host id of a block, for mode `root`. */
export interface Hello {
  readonly userns: number
  readonly uidMap: string
  readonly gidMap: string
  readonly setgroups: number
  /** The only id of containers that have a single one, and what it is in the launcher's ids. */
  readonly oneId: number
  readonly oneUid: number
  readonly oneGid: number
}

/** Who is nobody on every Linux: no file belongs to it, no account that does something has it. */
const NOBODY = 65_534

function alone(outside: number): Pick<Hello, 'oneId' | 'oneUid' | 'oneGid'> {
  return { oneId: NOBODY, oneUid: outside, oneGid: outside }
}

/** The maps of the containers' user namespaces, in the launcher's own ids. */
export function helloOf(plan: IdentityPlan, base: number): Hello {
  if (plan.mode === 'single')
    return { userns: plan.userns, uidMap: '0 0 1', gidMap: '0 0 1', setgroups: 0, ...alone(0) }
  if (plan.mode === 'root') {
    const map = `0 ${base} ${BLOCK_IDS}`
    return { userns: 0, uidMap: map, gidMap: map, setgroups: 1, ...alone(base + NOBODY) }
  }
  if (plan.userns === 0)
    return { userns: 0, uidMap: plan.uidMap, gidMap: plan.gidMap, setgroups: 1, ...alone(NOBODY) }
  return { userns: 2, uidMap: HELPED_MAP, gidMap: HELPED_MAP, setgroups: 1, ...alone(NOBODY) }
}

/** What drivers are told of the mode. */
export function identityOf(plan: IdentityPlan, base: number): LauncherIdentity {
  const root = plan.mode === 'root' ? base : 0
  return Object.freeze({
    mode: plan.mode,
    rootUid: root,
    rootGid: root,
    idCount: plan.mode === 'single' ? 1 : BLOCK_IDS,
    setgroups: plan.mode !== 'single',
    degraded: Object.freeze(plan.mode === 'single' ? singleIdLosses(plan.why) : []),
  })
}

function singleIdLosses(why: readonly string[]): readonly string[] {
  return [
    'one user and one group id only: commands run as root of the container, and chown, su and most package managers ' +
      `fail (${why.join('; ')})`,
  ]
}
