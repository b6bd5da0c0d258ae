import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One tree of control groups, as this process can reach it. */
export interface Hierarchy {
  readonly version: 1 | 2
  /** v1: the controllers mounted together, e.g. `cpu` and `cpuacct`. v2: empty; see `cgroup.controllers` of a group. */
  readonly controllers: readonly string[]
  /** Where it is mounted. */
  readonly mount: string
  /** Directory of the group that the process is in. */
  readonly own: string
  /** v2: whether a delegated tree bounds who may be moved (`nsdelegate`). */
  readonly nsdelegate: boolean
}

interface Mount {
  readonly root: string
  readonly path: string
  readonly type: 'cgroup' | 'cgroup2'
  readonly options: readonly string[]
}

/** Undoes the kernel's octal escapes of space, tab, newline and backslash. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

function parseMounts(mountInfo: string): Mount[] {
  const mounts: Mount[] = []
  for (const line of mountInfo.split('\n')) {
    // the optional fields between the sixth field and the dash vary in number
    const dash = line.indexOf(' - ')
    if (dash < 0) continue
    const [, , , root, path] = line.slice(0, dash).split(' ')
    const [type, , options = ''] = line.slice(dash + 3).split(' ')
    if (type !== 'cgroup' && type !== 'cgroup2') continue
    if (root === undefined || path === undefined) continue
    mounts.push({
      root: unescapePath(root),
      path: unescapePath(path),
      type,
      options: options.split(','),
    })
  }
  return mounts
}

/** Group of this process by hierarchy: the controllers as the kernel lists them, '' for v2. */
function parseOwn(cgroup: string): Map<string, string> {
  const own = new Map<string, string>()
  for (const line of cgroup.split('\n')) {
    // the path may hold colons, the controllers cannot
    const [, , controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? []
    if (controllers !== undefined && path !== undefined) own.set(controllers, path)
  }
  return own
}

/** undefined: what is mounted does not reach that group, e.g. that of another container. */
function reach(mount: Mount, group: string): string | undefined {
  if (group.split('/').includes('..')) return undefined
  if (group === mount.root) return mount.path
  if (mount.root === '/') return join(mount.path, group)
  if (!group.startsWith(`${mount.root}/`)) return undefined
  return join(mount.path, group.slice(mount.root.length))
}

/**
 * Finds the hierarchies that this process can reach, by where things are and never by version: mount points and controllers
 * that are mounted together are taken as found. Named hierarchies without a controller (`name=systemd`) are left out.
 * @param mountInfo text of /proc/self/mountinfo
 * @param cgroup text of /proc/self/cgroup
 */
export function parseHierarchies(mountInfo: string, cgroup: string): readonly Hierarchy[] {
  const own = parseOwn(cgroup)
  const found: Hierarchy[] = []
  const seen = new Set<string>()
  for (const mount of parseMounts(mountInfo)) {
    // v1 names its controllers among the options of the super block, in the order of /proc/self/cgroup or another
    const entry = [...own].find(([names]) =>
      mount.type === 'cgroup2'
        ? names === ''
        : names !== '' && names.split(',').every((name) => mount.options.includes(name)),
    )
    if (entry === undefined || seen.has(entry[0])) continue
    const [names, group] = entry
    const directory = reach(mount, group)
    if (directory === undefined || names.startsWith('name=')) continue
    seen.add(names)
    found.push({
      version: mount.type === 'cgroup2' ? 2 : 1,
      controllers: Object.freeze(names === '' ? [] : names.split(',')),
      mount: mount.path,
      own: directory,
      nsdelegate: mount.options.includes('nsdelegate'),
    })
  }
  return Object.freeze(found)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Those of this process, now; none where /proc or control groups are missing.
 * @param whose pid of the process whose groups `own` is to name. Default: this one
 */
export function readHierarchies(whose: number | 'self' = 'self'): readonly Hierarchy[] {
  return parseHierarchies(readText('/proc/self/mountinfo'), readText(`/proc/${whose}/cgroup`))
}
