import { compareTree, withoutEchoes, type Compared, type FoundDifference } from './compare-tree.js'
import { readManifest, type KnownLayer } from './layer-manifest.js'
import type { Layer } from './layers.js'
import { pathBytes } from './manifest-entry.js'
import { checkIds, openTree } from './open-tree.js'
import type { StoreContext } from './store-context.js'
import { throwIfAborted } from './store-error.js'
import type { TreeReader } from './tree-reader.js'
import type { Difference, Verification, VerifyOptions } from './verification.js'

/** A difference for whoever asked. */
export function reported({ path, kind, expected, found }: FoundDifference): Difference {
  const bytes = path === '' ? Buffer.alloc(0) : pathBytes(path)
  return { path: bytes.toString(), pathBytes: bytes, kind, expected, found }
}

/** Compares a layer with what is known of it: by stamps, or all of it. */
export function compareKnown(
  { manifest, stamps }: KnownLayer,
  reader: TreeReader,
  { deep, signal, onProgress }: VerifyOptions,
): Promise<Compared> {
  return compareTree(manifest, reader, {
    stampOf: (index) => (deep === true ? undefined : stamps?.[index]),
    isDeep: () => deep === true,
    signal,
    onProgress,
  })
}

/**
 * Finds what of a layer is not as it was published.
 * @throws CaissonError ERR_STORE_NO_MANIFEST, ERR_STORE_DAMAGED, ERR_STORE_IO, ERR_UNSUPPORTED, ERR_ABORTED
 */
export async function verifyLayer(
  context: StoreContext,
  layer: Layer,
  options: VerifyOptions,
): Promise<Verification> {
  throwIfAborted(options.signal, 'verify')
  const known = readManifest(layer)
  const deep = options.deep === true || known.stamps === undefined
  await using reader = await openTree(context, layer.diff, { details: deep })
  checkIds(known.manifest.ids, reader, layer.id)
  const { differences, bytes } = await compareKnown(known, reader, { ...options, deep })
  return {
    ok: differences.length === 0,
    layer: layer.id,
    deep,
    xattrs: deep && known.manifest.xattrs && reader.hasXattrs,
    differences: withoutEchoes(differences).map(reported),
    checked: known.manifest.entries.length,
    bytes,
  }
}
