import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, hexOf, type Digest } from './digest.js'
import { replaceDurably, writeSynced } from './durable.js'
import type { Layer } from './layers.js'
import { formatManifest, parseManifest } from './manifest-format.js'
import type { Manifest } from './manifest-entry.js'
import { formatStamps, parseStamps, type Stamp } from './stamps.js'
import { asStoreError, errnoOf, storeError } from './store-error.js'

/** Never changed; its digest is in meta.json. */
const MANIFEST = 'manifest'
/** Of our copy; written anew by each repair. */
const STAMPS = 'stamps'

/** What was known of a layer when it was published, and of our copy when it was last as it should be. */
export interface KnownLayer {
  readonly manifest: Manifest
  readonly digest: Digest
  /** Undefined: they were lost, and only reading everything tells. */
  readonly stamps: readonly Stamp[] | undefined
}

/** Writes what a layer is compared with later into its directory; gives the digest that belongs into its meta.json. */
export function writeManifest(
  directory: string,
  manifest: Manifest,
  stamps: readonly Stamp[],
): Digest {
  const text = formatManifest(manifest)
  const digest = digestOf(text)
  writeSynced(join(directory, MANIFEST), text)
  writeSynced(join(directory, STAMPS), formatStamps(hexOf(digest), stamps))
  return digest
}

/** Replaces the stamps: after a crash they are the old or the new ones. */
export function replaceStamps(directory: string, digest: Digest, stamps: readonly Stamp[]): void {
  replaceDurably(join(directory, STAMPS), formatStamps(hexOf(digest), stamps))
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw asStoreError(error, path)
  }
}

function damaged(id: Digest, cause?: unknown): Error {
  const why = 'its manifest is not what was written, so that nothing tells what it should be'
  const fix = 'Delete its names, `collect()`, and make it again.'
  return storeError('ERR_STORE_DAMAGED', id, why, { fix, cause })
}

/** @throws CaissonError ERR_STORE_NO_MANIFEST, ERR_STORE_DAMAGED, ERR_STORE_IO */
export function readManifest({ id, diff, manifest: digest }: Layer): KnownLayer {
  if (digest === undefined) throw storeError('ERR_STORE_NO_MANIFEST', id)
  const directory = join(diff, '..')
  const bytes = read(join(directory, MANIFEST))
  if (bytes === undefined || digestOf(bytes) !== digest) throw damaged(id)
  let manifest: Manifest
  try {
    manifest = parseManifest(bytes, id)
  } catch (cause) {
    throw damaged(id, cause)
  }
  const stamped = read(join(directory, STAMPS))
  const count = manifest.entries.length
  const stamps = stamped === undefined ? undefined : parseStamps(stamped, hexOf(digest), count)
  return { manifest, digest, stamps }
}
