import { createHash } from 'node:crypto'
import type { Digest, Layer, LayerStore } from '@caisson/layer-store'
import { abortable } from './abortable.js'
import type { ArchiveFile } from './archive-source.js'

/** The name under which a store keeps the layer of an unchanged file. */
function nameOfFile({ place, stamp }: ArchiveFile): string {
  return `tar/${place}/${stamp}`
}

function nameOfDigest(digest: Digest): string {
  return `tar/${digest}`
}

function named(store: LayerStore, name: string): Layer | undefined {
  const root = store.refs.get(name)
  return root?.kind === 'layer' ? store.layers.get(root.id) : undefined
}

/** The layer of a file that is as it was; nothing of it is read. */
export function layerOfFile(store: LayerStore, file: ArchiveFile): Layer | undefined {
  return named(store, nameOfFile(file))
}

/** The layer of an archive that somebody vouches for. */
export function layerOfDigest(store: LayerStore, digest: Digest): Layer | undefined {
  return named(store, nameOfDigest(digest))
}

/** From now on the layer stays, and what the same file held before does not, unless something else keeps it. */
export async function keepForFile(
  store: LayerStore,
  file: ArchiveFile,
  { id }: Layer,
): Promise<void> {
  const name = nameOfFile(file)
  await store.refs.set(name, { kind: 'layer', id })
  for (const old of store.refs.list())
    if (old.name.startsWith(`tar/${file.place}/`) && old.name !== name)
      await store.refs.delete(old.name)
}

/** From now on the layer stays. */
export async function keepForDigest(
  store: LayerStore,
  digest: Digest,
  { id }: Layer,
): Promise<void> {
  await store.refs.set(nameOfDigest(digest), { kind: 'layer', id })
}

async function digestOf(file: ArchiveFile, signal: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256')
  for await (const chunk of abortable(file.bytes(), signal, file.subject)) hash.update(chunk)
  await file.check()
  return `sha256:${hash.digest('hex')}`
}

/**
 * The layer of a file that was copied, or touched: read, but not unpacked. It is read only when something of that size was
 * unpacked before.
 */
export async function layerOfContent(
  store: LayerStore,
  file: ArchiveFile,
  signal: AbortSignal,
): Promise<Layer | undefined> {
  const alike = store.layers
    .list()
    .filter(
      ({ blob, parent }) =>
        blob !== undefined && parent === undefined && store.blobs.size(blob) === file.size,
    )
  if (alike.length === 0) return undefined
  const digest = await digestOf(file, signal)
  return alike.find(({ blob }) => blob === digest)
}
