import { createHash } from 'node:crypto'
import { chmodSync, createReadStream, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs'
import type { ReadStream } from 'node:fs'
import { join } from 'node:path'
import type { Blob, Blobs, BlobVerification, IngestOptions } from './blobs.js'
import { digestNamed, digestOf, hexOf, parseDigest, type Digest } from './digest.js'
import { syncDirectory } from './durable.js'
import { Ingest } from './ingest.js'
import { nonce } from './session.js'
import type { StoreContext } from './store-context.js'
import { asStoreError, storeError, throwIfAborted } from './store-error.js'

/** The one implementation of `Blobs`. */
export class BlobStore implements Blobs {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  path(digest: Digest): string {
    return join(this.#context.places.blobs, hexOf(parseDigest(digest)))
  }

  size(digest: Digest): number | undefined {
    return statSync(this.path(digest), { throwIfNoEntry: false })?.size
  }

  has(digest: Digest): boolean {
    return this.size(digest) !== undefined
  }

  open(digest: Digest): ReadStream {
    if (!this.has(digest)) throw storeError('ERR_STORE_NOT_FOUND', digest, 'no such blob')
    return createReadStream(this.path(digest), { highWaterMark: 1 << 20 })
  }

  list(): readonly Blob[] {
    return readdirSync(this.#context.places.blobs).flatMap((name) => {
      const digest = digestNamed(name)
      const size = digest === undefined ? undefined : this.size(digest)
      return digest === undefined || size === undefined ? [] : [{ digest, size }]
    })
  }

  async verify(
    digest: Digest,
    { signal, onProgress }: Pick<IngestOptions, 'signal' | 'onProgress'> = {},
  ): Promise<BlobVerification> {
    const hash = createHash('sha256')
    let size = 0
    try {
      for await (const chunk of this.open(digest)) {
        throwIfAborted(signal, 'verify')
        hash.update(chunk)
        size += chunk.length
        onProgress?.(size)
      }
    } catch (error) {
      throw asStoreError(error, digest)
    }
    const found: Digest = `sha256:${hash.digest('hex')}`
    return { ok: found === digest, digest, found, size }
  }

  async begin(ref: string, expected: Pick<IngestOptions, 'digest' | 'size'> = {}): Promise<Ingest> {
    const digest = expected.digest === undefined ? undefined : parseDigest(expected.digest)
    const directory = join(this.#context.places.ingest, hexOf(digestOf(ref)))
    try {
      mkdirSync(directory, { mode: 0o700, recursive: true })
      return await Ingest.open(directory, { ref, digest, size: expected.size }, (data, found) =>
        this.#publish(data, found),
      )
    } catch (error) {
      throw asStoreError(error, ref)
    }
  }

  async ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions = {}): Promise<Blob> {
    const { digest, signal, onProgress } = options
    throwIfAborted(signal, 'ingest')
    const known = digest === undefined ? undefined : this.size(digest)
    if (digest !== undefined && known !== undefined) {
      await this.#context.leases.hold([{ kind: 'blob', id: digest }])
      if (this.has(digest)) return { digest, size: known }
    }
    const ingest = await this.begin(`stream ${digest ?? ''} ${nonce()}`, options)
    try {
      for await (const chunk of source) {
        throwIfAborted(signal, 'ingest')
        ingest.append(chunk)
        onProgress?.(ingest.offset)
      }
      throwIfAborted(signal, 'ingest')
      return await ingest.commit()
    } catch (error) {
      // a stream cannot be asked for its rest
      ingest.discard()
      throw asStoreError(error, digest ?? 'stream')
    }
  }

  async #publish(data: string, found: Blob): Promise<void> {
    const { leases, step } = this.#context
    await leases.hold([{ kind: 'blob', id: found.digest }])
    step('blob:leased')
    chmodSync(data, 0o444)
    renameSync(data, this.path(found.digest))
    step('blob:renamed')
    syncDirectory(this.#context.places.blobs)
    step('blob:synced')
  }
}
