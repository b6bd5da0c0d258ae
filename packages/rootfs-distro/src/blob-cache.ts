import { buffer } from 'node:stream/consumers'
import type { LayerStore } from '@caisson/layer-store'

/** Keeps what was fetched, by its digest. */
export interface BlobCache {
  /** The bytes of a digest (lower case hexadecimal SHA-256); undefined when they are not there. */
  get(sha256: string): Promise<Buffer | undefined>
  /** Keeps bytes whose digest is checked. */
  put(sha256: string, bytes: Buffer): Promise<void>
}

/** Blobs of a layer store, until it is collected. */
export function storeCache(store: LayerStore): BlobCache {
  return {
    async get(sha256) {
      const digest = `sha256:${sha256}` as const
      return store.blobs.has(digest) ? buffer(store.blobs.open(digest)) : undefined
    },
    async put(sha256, bytes) {
      await store.blobs.ingest(once(bytes), { digest: `sha256:${sha256}`, size: bytes.length })
    },
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Fetches by `fetch` what the cache does not have, and keeps it. */
export async function cached(
  cache: BlobCache,
  sha256: string,
  fetch: () => Promise<Buffer>,
): Promise<Buffer> {
  const known = await cache.get(sha256)
  if (known !== undefined) return known
  const bytes = await fetch()
  await cache.put(sha256, bytes)
  return bytes
}
