import { compareEntry, unequalXattrs, type Seen } from './compare-entry.js'
import type { DifferenceKind, EntryFacts, VerifyProgress } from './verification.js'
import { childPath, parentPath, type Manifest, type ManifestEntry } from './manifest-entry.js'
import { noStamp, type Stamp } from './stamps.js'
import { throwIfAborted } from './store-error.js'
import type { TreeReader, TreeStatus } from './tree-reader.js'

/** How much is compared. */
export interface ComparePlan {
  /** How our copy of an entry was last seen to be as it should; undefined: that does not count. */
  readonly stampOf: (index: number) => Stamp | undefined
  /** Whether all of an entry is read. */
  readonly isDeep: (index: number) => boolean
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
}

/** A difference, with what mending it needs. */
export interface FoundDifference {
  readonly path: string
  /** Of the manifest; undefined for what was added. */
  readonly entry: ManifestEntry | undefined
  readonly index: number
  readonly kind: DifferenceKind
  readonly expected: EntryFacts | undefined
  readonly found: EntryFacts | undefined
}

/** What came of a comparison. */
export interface Compared {
  readonly differences: readonly FoundDifference[]
  /** How each entry of the manifest was seen; `noStamp` for those that are not there or differ. */
  readonly stamps: readonly Stamp[]
  readonly bytes: number
}

/** What was seen of a tree, beside its manifest. */
class Sight {
  readonly #manifest: Manifest
  readonly indices: ReadonlyMap<string, number>
  readonly seen: (TreeStatus | undefined)[] = []
  readonly added: { readonly path: string; readonly status: TreeStatus }[] = []

  constructor(manifest: Manifest) {
    this.#manifest = manifest
    this.indices = new Map(manifest.entries.map(({ path }, index) => [path, index]))
  }

  async look(reader: TreeReader, { stampOf, signal }: ComparePlan): Promise<void> {
    const { entries } = this.#manifest
    const found = await reader.stats(entries.map(({ path }) => path))
    for (const [index, { path, type }] of entries.entries()) {
      // beyond something else than the directory that was there, it is another tree
      const status = path === '' || this.#isDirectory(parentPath(path)) ? found[index] : undefined
      this.seen.push(status)
      if (status === undefined || type !== 'directory' || status.type !== type) continue
      // nobody adds an entry without changing its directory
      const stamp = stampOf(index)
      if (stamp?.ino === status.ino && stamp.ctimeNs === status.ctimeNs) continue
      throwIfAborted(signal, 'verify')
      await this.#lookInto(reader, path)
    }
  }

  async #lookInto(reader: TreeReader, directory: string): Promise<void> {
    for (const status of await reader.list(directory)) {
      const path = childPath(directory, status.name)
      if (!this.indices.has(path)) this.added.push({ path, status })
    }
  }

  #isDirectory(path: string): boolean {
    return this.seen[this.indices.get(path) ?? -1]?.type === 'directory'
  }
}

interface DeepWants {
  readonly files: { readonly path: string; readonly size: number }[]
  readonly asked: string[]
}

/** What has to be read: content once, whatever names a file has. */
function wantsOf(manifest: Manifest, sight: Sight, plan: ComparePlan, all: boolean): DeepWants {
  const files: DeepWants['files'] = []
  const asked: string[] = []
  const inodes = new Set<bigint>()
  for (const [index, entry] of manifest.entries.entries()) {
    const status = sight.seen[index]
    if (status === undefined || status.type !== entry.type || !plan.isDeep(index)) continue
    const needs = all || (entry.type !== 'file' && entry.type !== 'directory')
    if (inodes.has(status.ino)) continue
    inodes.add(status.ino)
    if (needs) asked.push(entry.path)
    if (entry.type === 'file') files.push({ path: entry.path, size: status.size })
  }
  return { files, asked }
}

/** Digests and answers, by inode: of all names of a file one was read. */
async function readDeep(
  manifest: Manifest,
  sight: Sight,
  reader: TreeReader,
  plan: ComparePlan,
): Promise<{ readonly of: (index: number) => Seen | undefined; readonly bytes: number }> {
  const { files, asked } = wantsOf(manifest, sight, plan, reader.hasXattrs && manifest.xattrs)
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0)
  const { signal, onProgress } = plan
  const [digests, answers] = await Promise.all([
    reader.digests(files, {
      signal,
      onProgress: (done, bytes) =>
        onProgress?.({ files: done, totalFiles: files.length, bytes, totalBytes }),
    }),
    reader.details(asked),
  ])
  const byInode = new Map<bigint, Pick<Seen, 'digest' | 'details'>>()
  const inodeOf = (path: string): bigint => sight.seen[sight.indices.get(path) ?? -1]?.ino ?? 0n
  for (const { path } of files) byInode.set(inodeOf(path), { digest: digests.get(path) })
  for (const [index, path] of asked.entries()) {
    const ino = inodeOf(path)
    byInode.set(ino, { ...byInode.get(ino), details: answers[index] })
  }
  const of = (index: number): Seen | undefined => {
    const status = sight.seen[index]
    if (status === undefined) return undefined
    return { status, isDeep: plan.isDeep(index), ...byInode.get(status.ino) }
  }
  return { of, bytes: totalBytes }
}

/** Without times of directories that tell only of what was done in them, which is said already. */
export function withoutEchoes(differences: readonly FoundDifference[]): readonly FoundDifference[] {
  const stirred = new Set(
    differences
      .filter(
        ({ kind, expected }) =>
          kind === 'missing' || kind === 'added' || kind === 'type' || expected?.ino !== undefined,
      )
      .map(({ path }) => parentPath(path)),
  )
  return differences.filter(({ path, kind, expected, entry }) => {
    if (entry?.type !== 'directory' || !stirred.has(path)) return true
    if (kind !== 'attributes' && kind !== 'touched') return true
    const facts = Object.keys(expected ?? {})
    return !facts.every((fact) => fact === 'mtimeNs' || fact === 'ctimeNs')
  })
}

/**
 * Compares what was done something to, by the stamps, and reads only that.
 * @param stamps of the manifest's entries
 */
export async function compareSuspects(
  manifest: Manifest,
  reader: TreeReader,
  stamps: readonly Stamp[],
  signal: AbortSignal | undefined,
): Promise<Compared> {
  const quick = { stampOf: (index: number) => stamps[index], isDeep: () => false, signal }
  const { differences } = await compareTree(manifest, reader, quick)
  const suspects = new Set(differences.map(({ index }) => index))
  return compareTree(manifest, reader, {
    stampOf: (index) => (suspects.has(index) ? undefined : stamps[index]),
    isDeep: (index) => suspects.has(index),
    signal,
  })
}

/** Compares a tree with its manifest. */
export async function compareTree(
  manifest: Manifest,
  reader: TreeReader,
  plan: ComparePlan,
): Promise<Compared> {
  const sight = new Sight(manifest)
  await sight.look(reader, plan)
  const { of, bytes } = await readDeep(manifest, sight, reader, plan)
  const comparesXattrs = reader.hasXattrs && manifest.xattrs
  const differences: FoundDifference[] = []
  const stamps: Stamp[] = []
  for (const [index, entry] of manifest.entries.entries()) {
    const seen = of(index)
    const first = entry.link === undefined ? undefined : of(sight.indices.get(entry.link) ?? -1)
    const different = compareEntry(entry, seen, {
      stamp: plan.stampOf(index),
      first: first?.status.ino,
      xattrs: comparesXattrs ? unequalXattrs : undefined,
    })
    if (different !== undefined) differences.push({ path: entry.path, entry, index, ...different })
    const isGood = different === undefined && seen !== undefined
    stamps.push(isGood ? { ino: seen.status.ino, ctimeNs: seen.status.ctimeNs } : noStamp)
  }
  for (const { path, status } of sight.added) {
    const { type, mode, uid, gid, size } = status
    const found = { type, mode, uid, gid, ...(type === 'file' && { size }) }
    differences.push({
      path,
      entry: undefined,
      index: -1,
      kind: 'added',
      expected: undefined,
      found,
    })
  }
  return { differences: differences.toSorted((a, b) => (a.path < b.path ? -1 : 1)), stamps, bytes }
}
