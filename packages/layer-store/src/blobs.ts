import type { ReadStream } from 'node:fs'
import type { Digest } from './digest.js'
import type { Ingest } from './ingest.js'

/** Bytes by their digest; mode 0444, never changed. */
export interface Blob {
  readonly digest: Digest
  readonly size: number
}

/** What a blob is to be. */
export interface IngestOptions {
  /** What it must hash to; default: whatever comes. */
  readonly digest?: Digest | undefined
  /** How long it must be, in bytes. More is refused as soon as it comes. Default: any length. */
  readonly size?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Told after each chunk how many bytes are there. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/** What came of the check of a blob. */
export interface BlobVerification {
  readonly ok: boolean
  readonly digest: Digest
  /** What its bytes hash to. */
  readonly found: Digest
  readonly size: number
}

/** Blobs of a store. What was ingested stays at least as long as this process has the store open. */
export interface Blobs {
  has(digest: Digest): boolean
  /** Bytes; undefined when it is not there. */
  size(digest: Digest): number | undefined
  /** Where it lies, or would lie. @throws TypeError ERR_INVALID_SPEC for what is no digest */
  path(digest: Digest): string
  /** @throws CaissonError ERR_STORE_NOT_FOUND */
  open(digest: Digest): ReadStream
  /** All of them. */
  list(): readonly Blob[]
  /**
   * Reads it, and tells whether it is what its name says.
   * @throws CaissonError ERR_STORE_NOT_FOUND, ERR_STORE_IO, ERR_ABORTED
   */
  verify(
    digest: Digest,
    options?: Pick<IngestOptions, 'signal' | 'onProgress'>,
  ): Promise<BlobVerification>
  /**
   * Takes a stream in, and shows it only when it is whole, checked, and on the disk.
   * @throws CaissonError ERR_DIGEST_MISMATCH, ERR_STORE_SPACE, ERR_STORE_IO, ERR_ABORTED
   */
  ingest(source: AsyncIterable<Uint8Array>, options?: IngestOptions): Promise<Blob>
  /**
   * Begins or goes on with what takes long; what is there stays for 24 hours, also after a crash.
   * @param ref names it, e.g. its address
   * @throws CaissonError ERR_STORE_LOCKED when another process is at it, ERR_STORE_IO
   */
  begin(ref: string, expected?: Pick<IngestOptions, 'digest' | 'size'>): Promise<Ingest>
}
