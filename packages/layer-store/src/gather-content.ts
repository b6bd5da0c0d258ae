import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { decompress, readTar } from '@caisson/tar'
import type { BlobStore } from './blob-store.js'
import { asPieces, type ContentStage } from './content-stage.js'
import type { Digest } from './digest.js'
import type { LayerDraft } from './layers.js'
import { unlessGone } from './jailed-details.js'
import { pathBytes, type ManifestEntry } from './manifest-entry.js'
import { openTree } from './open-tree.js'
import type { Repair, RepairOptions } from './repair.js'
import type { StoreContext } from './store-context.js'
import { errnoOf, throwIfAborted } from './store-error.js'
import type { TreeReader } from './tree-reader.js'

/** Where content may come from. */
export interface ContentSources {
  /** The layer, and what of it is as it should be. */
  readonly layer: TreeReader
  readonly intact: readonly ManifestEntry[]
  readonly blobs: BlobStore
  readonly blob: Digest | undefined
  readonly fill: LayerDraft['fill'] | undefined
  /** Entries with the content that is wanted. */
  readonly damaged: readonly ManifestEntry[]
}

/** What was found, and what failed on the way. */
export interface Gathered {
  readonly contents: Repair['contents']
  readonly failures: readonly unknown[]
}

type Wants = Pick<RepairOptions, 'signal' | 'onProgress'>

async function takeEntries(
  stage: ContentStage,
  reader: TreeReader,
  entries: readonly ManifestEntry[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let taken = 0
  for (const { path, digest, size } of entries) {
    if (digest === undefined || !stage.wanted.has(digest)) continue
    throwIfAborted(signal, 'repair')
    const found = await takeOne(stage, reader, path, size)
    if (found === true) taken++
  }
  return taken
}

async function takeOne(stage: ContentStage, reader: TreeReader, path: string, size: number) {
  try {
    return await unlessGone(stage.take(size, asPieces(reader.content(path))))
  } catch (error) {
    // not there, or something else
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'EINVAL'].includes(errnoOf(error) ?? ''))
      return false
    throw error
  }
}

/**
 * Files of an archive, whatever their names have become in the layer (links of the root lie on their ways): what is wanted is
 * told by its digest.
 */
async function takeFromBlob(
  stage: ContentStage,
  { blobs, blob }: ContentSources,
  { signal, onProgress }: Wants,
): Promise<number> {
  if (blob === undefined || stage.wanted.size === 0) return 0
  const total = blobs.size(blob) ?? 0
  let done = 0
  let taken = 0
  const onRead = (chunk: Uint8Array): void => {
    done += chunk.length
    onProgress?.({ phase: 'blob', done, total })
  }
  const options = signal === undefined ? {} : { signal }
  const archive = decompress(blobs.open(blob), { onRead, ...options })
  for await (const { entry, content } of readTar(archive, options)) {
    if (entry.type !== 'file' || !stage.wantsSize(entry.size)) continue
    if (await stage.take(entry.size, content)) taken++
    if (stage.wanted.size === 0) break
  }
  return taken
}

async function takeFromSource(
  context: StoreContext,
  stage: ContentStage,
  { fill, damaged }: ContentSources,
  directory: string,
  { signal, onProgress }: Wants,
): Promise<number> {
  if (fill === undefined || stage.wanted.size === 0) return 0
  onProgress?.({ phase: 'source', done: 0, total: 0 })
  const diff = join(directory, 'diff')
  mkdirSync(diff, { mode: 0o755 })
  const wanted = damaged
    .filter(({ digest = '', link }) => link === undefined && stage.wanted.has(digest))
    .map(({ path }) => pathBytes(path))
  await fill({ diff, signal, wanted })
  await using reader = await openTree(context, diff, { details: false })
  // awaited here: the reader is to outlive it
  return await takeEntries(stage, reader, damaged, signal)
}

/**
 * Looks for content where it costs least first: in the layer itself, in its blob, in what its source makes.
 * @param directory of this repair alone
 * @throws CaissonError ERR_ABORTED
 */
export async function gatherContent(
  context: StoreContext,
  stage: ContentStage,
  sources: ContentSources,
  directory: string,
  wants: Wants,
): Promise<Gathered> {
  const failures: unknown[] = []
  const attempt = async (take: () => Promise<number>): Promise<number> => {
    throwIfAborted(wants.signal, 'repair')
    const before = stage.wanted.size
    try {
      return await take()
    } catch (error) {
      throwIfAborted(wants.signal, 'repair')
      // the next may have it; who lacks something in the end is told
      failures.push(error)
      return before - stage.wanted.size
    }
  }
  const layer = await attempt(() => takeEntries(stage, sources.layer, sources.intact, wants.signal))
  const blob = await attempt(() => takeFromBlob(stage, sources, wants))
  const source = await attempt(() => takeFromSource(context, stage, sources, directory, wants))
  return { contents: { layer, blob, source }, failures }
}
