import type { RootExtra, RootPart } from '@caisson/core'
import { dirname, posix } from 'node:path'
import {
  DISK_TYPES,
  EMPTY_DIRECTORIES,
  FIXED_LINKS,
  HIDDEN_NAMES,
  HIDDEN_PATHS,
  SCANNED_DIRECTORIES,
  SYSTEM_DIRECTORIES,
} from './host-layout.js'
import { isWithin, type MountPoint } from './mount-info.js'

/** An entry of a host directory, as lstat tells it. */
export interface HostEntry {
  readonly name: string
  readonly type: 'directory' | 'symlink' | 'file' | 'other'
  readonly mode: number
  /** Where a symbolic link leads, as written in it. */
  readonly target?: string
}

/** What the view is computed from: nothing else of the host is looked at. */
export interface HostFacts {
  /** `root`: overlays may cover directories with mounts in them; `user`: a user namespace refuses such. */
  readonly mode: 'root' | 'user'
  readonly mounts: readonly MountPoint[]
  /** Entries of a directory, sorted by name; none when it is not there or cannot be read. */
  list(directory: string): readonly HostEntry[]
  /** Entry at a path, links not followed; undefined when it is not there. */
  entry(path: string): HostEntry | undefined
}

export interface HostViewOptions {
  /** Further host directories to show. */
  readonly include: readonly string[]
  /** Further paths to hide. */
  readonly mask: readonly string[]
}

/** A copy-on-write view of the host, as data. */
export interface HostView {
  readonly parts: readonly RootPart[]
  readonly extras: readonly RootExtra[]
  readonly masked: readonly string[]
  /** Directories whose own files are not in the view, since mounts below them forbid it; their subdirectories are. */
  readonly split: readonly string[]
}

interface Draft {
  readonly parts: RootPart[]
  readonly extras: RootExtra[]
  readonly split: string[]
}

/** A directory with mounts below it cannot be a lower in a user namespace: shows what can be, one level down. */
function addSplit(facts: HostFacts, draft: Draft, path: string, mode: number): void {
  draft.split.push(path)
  draft.extras.push({ kind: 'directory', path, mode: mode & 0o7777 })
  for (const entry of facts.list(path)) {
    const child = posix.join(path, entry.name)
    if (entry.type === 'directory') addDirectory(facts, draft, child, entry.mode)
    else if (entry.type === 'symlink' && entry.target !== undefined) {
      draft.extras.push({ kind: 'symlink', path: child, target: entry.target })
    }
  }
}

function addDirectory(facts: HostFacts, draft: Draft, path: string, mode: number): void {
  if (isHiddenDaemonState(path)) return
  const below = facts.mounts.filter((mount) => mount.path !== path && isWithin(mount.path, path))
  if (facts.mode === 'user' && below.length > 0) {
    addSplit(facts, draft, path, mode)
    return
  }
  draft.parts.push({ at: path, lowers: [path] })
  const nested = new Set(below.filter((mount) => DISK_TYPES.has(mount.type)).map((m) => m.path))
  for (const at of [...nested].toSorted()) {
    // A file can be a mount point too, and is none of a root's parts.
    if (isHiddenDaemonState(at) || facts.entry(at)?.type !== 'directory') continue
    draft.parts.push({ at, lowers: [at] })
  }
}

/** Mounts of other containers and the like are not even looked at. */
function isHiddenDaemonState(path: string): boolean {
  return HIDDEN_PATHS.some((hidden) => isWithin(path, hidden))
}

/** Whether a user of the host who owns nothing could read the entry. */
function othersMayRead(entry: HostEntry): boolean {
  const needed = entry.type === 'directory' ? 0o005 : 0o004
  return (entry.mode & needed) === needed
}

function hiddenPaths(facts: HostFacts, options: HostViewOptions): string[] {
  const hidden = new Set([...HIDDEN_PATHS, ...options.mask])
  for (const directory of SCANNED_DIRECTORIES) {
    for (const entry of facts.list(directory)) {
      if (entry.type === 'symlink' || othersMayRead(entry)) continue
      hidden.add(posix.join(directory, entry.name))
    }
  }
  for (const [directory, pattern] of HIDDEN_NAMES) {
    for (const entry of facts.list(directory)) {
      if (pattern.test(entry.name)) hidden.add(posix.join(directory, entry.name))
    }
  }
  return [...hidden].toSorted()
}

/** What an option names is shown even if it is hidden otherwise. */
function withoutIncluded(hidden: readonly string[], options: HostViewOptions): string[] {
  // Equal paths only: to include /etc must not bring /etc/shadow with it.
  return hidden.filter((path) => options.mask.includes(path) || !options.include.includes(path))
}

/** Directories above a part that the root has not got yet. */
function parentsOf(parts: readonly RootPart[], known: ReadonlySet<string>): RootExtra[] {
  const missing = new Set<string>()
  const covered = (path: string) =>
    parts.some((part) => part.lowers.length > 0 && isWithin(path, part.at))
  for (const part of parts) {
    for (let path = dirname(part.at); path !== '/'; path = dirname(path)) {
      if (!known.has(path) && !covered(path)) missing.add(path)
    }
  }
  return [...missing].toSorted().map((path) => ({ kind: 'directory', path, mode: 0o755 }))
}

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : Number(a.path > b.path)
}

/**
 * Computes the view: an empty writable root, a copy-on-write part per system directory, empty directories where users,
 * daemons and the kernel keep what is theirs. An entry that is new at the top of the host never shows by itself.
 */
export function computeHostView(facts: HostFacts, options: HostViewOptions): HostView {
  const draft: Draft = { parts: [], extras: [], split: [] }
  for (const path of [...SYSTEM_DIRECTORIES, ...options.include]) {
    const entry = facts.entry(path)
    if (entry === undefined || draft.parts.some((part) => isWithin(path, part.at))) continue
    if (entry.type === 'directory') addDirectory(facts, draft, path, entry.mode)
    else if (entry.type === 'symlink' && entry.target !== undefined) {
      draft.extras.push({ kind: 'symlink', path, target: entry.target })
    }
  }
  const taken = new Set([...draft.parts.map((p) => p.at), ...draft.extras.map((e) => e.path)])
  for (const [path, mode] of EMPTY_DIRECTORIES) {
    if (!taken.has(path)) draft.extras.push({ kind: 'directory', path, mode })
  }
  for (const [path, target] of FIXED_LINKS) {
    if (!taken.has(path)) draft.extras.push({ kind: 'symlink', path, target })
  }
  const known = new Set([...taken, ...draft.extras.map((extra) => extra.path)])
  draft.extras.push(...parentsOf(draft.parts, known))
  return {
    parts: [{ at: '/', lowers: [] }, ...draft.parts.toSorted((a, b) => (a.at < b.at ? -1 : 1))],
    extras: draft.extras.toSorted(byPath),
    masked: withoutIncluded(hiddenPaths(facts, options), options),
    split: draft.split,
  }
}
