import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { posix } from 'node:path'
import type { HostEntry, HostFacts } from './host-view.js'
import { parseMountInfo } from './mount-info.js'

const CAP_SYS_ADMIN = 21n

/**
 * `root` when this process may mount in the initial user namespace: only there an overlay may cover a directory with
 * mounts in it.
 */
export function hostMode(): HostFacts['mode'] {
  const map = readFileSync('/proc/self/uid_map', 'latin1').trim().split(/\s+/)
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))
  const capabilities = BigInt(`0x${effective?.[1] ?? '0'}`)
  const initial = map.join(' ') === '0 0 4294967295'
  return initial && ((capabilities >> CAP_SYS_ADMIN) & 1n) === 1n ? 'root' : 'user'
}

function typeOf(stat: Stats): HostEntry['type'] {
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  return stat.isFile() ? 'file' : 'other'
}

function readEntry(path: string): HostEntry | undefined {
  try {
    const stat = lstatSync(path)
    const type = typeOf(stat)
    const name = posix.basename(path)
    if (type !== 'symlink') return { name, type, mode: stat.mode }
    return { name, type, mode: stat.mode, target: readlinkSync(path) }
  } catch {
    // Gone since it was listed, or behind a directory that this user may not enter: not in the view either way.
    return undefined
  }
}

function listDirectory(directory: string): HostEntry[] {
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch {
    return []
  }
  return names
    .toSorted()
    .map((name) => readEntry(posix.join(directory, name)))
    .filter((entry) => entry !== undefined)
}

/** The facts about this host, read as they are asked for. */
export function readHostFacts(mountInfo: string, mode: HostFacts['mode']): HostFacts {
  return { mode, mounts: parseMountInfo(mountInfo), list: listDirectory, entry: readEntry }
}
