import { readFileSync } from 'node:fs'
import { arch, release, userInfo } from 'node:os'
import { hostLayers, type HostLayer } from './host-layers.js'
import { userNamespaces, type UserNamespaceFacts } from './user-namespaces.js'
import { countSubIds } from './sub-ids.js'

/** Reads a file of the host; undefined when it cannot be read. For tests: any function. */
export type ReadHostFile = (path: string) => string | undefined

/** What a host is like, as far as containers care. */
export interface HostFacts {
  readonly uid: number
  /** The user's name, or its id when it has none. */
  readonly user: string
  readonly kernel: string
  readonly arch: string
  readonly node: string
  readonly userNamespaces: UserNamespaceFacts
  /** How many ids /etc/subuid and /etc/subgid give this user; 0: none. */
  readonly subUids: number
  readonly subGids: number
  /** Layer by layer, what this host gives. */
  readonly layers: readonly HostLayer[]
  /** What this host lacks for containers of this user, in words, with what to do about it. */
  readonly advice: readonly string[]
}

/** Reads a small file; undefined when it is not there or may not be read. */
export function readHostFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function nameOf(uid: number): string {
  try {
    return userInfo().username
  } catch {
    // an id without an entry in passwd, as in many containers
    return String(uid)
  }
}

/** Reads what is needed; changes nothing and never throws. */
export function readHostFacts(
  read: ReadHostFile = readHostFile,
  uid: number = process.getuid?.() ?? 0,
  user: string = nameOf(uid),
  kernel: string = release(),
): HostFacts {
  const namespaces = userNamespaces(read)
  const layers = hostLayers(read, kernel)
  const subUids = countSubIds(read('/etc/subuid') ?? '', user, uid)
  const subGids = countSubIds(read('/etc/subgid') ?? '', user, uid)
  return Object.freeze({
    uid,
    user,
    kernel,
    arch: arch(),
    node: process.version,
    userNamespaces: namespaces,
    subUids,
    subGids,
    layers,
    advice: Object.freeze([
      ...(uid === 0 ? [] : adviceFor(namespaces, subUids, subGids, user)),
      ...adviceOf(layers, uid),
    ]),
  })
}

/** Of a layer that this user needs: only root maps ids of mounts, and a masked /proc is none to root of the host. */
function adviceOf(layers: readonly HostLayer[], uid: number): readonly string[] {
  const ofOthers = new Set(uid === 0 ? ['fresh-procfs'] : ['idmapped-mounts'])
  return layers
    .filter(({ name, state }) => state === 'missing' && !ofOthers.has(name))
    .map(({ what, fix }) => `${what}: ${fix ?? ''}`)
}

function adviceFor(
  namespaces: UserNamespaceFacts,
  subUids: number,
  subGids: number,
  user: string,
): readonly string[] {
  const advice = namespaces.obstacles.map(({ what, fix }) => `${what}: ${fix}`)
  // uid 0 of a container is the user itself: the other 65535 come from the range
  if (subUids < 65_535 || subGids < 65_535) {
    const fix = `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`
    advice.push(
      `no range of ids for ${user}: containers have a single one. For more, as root: ${fix}`,
    )
  }
  return advice
}
