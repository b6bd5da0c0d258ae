import type { ManifestEntry, ManifestIds, ManifestType } from './manifest-entry.js'

/** What one request for a directory tells of an entry. */
export interface TreeStatus {
  /** Bytes as latin1. */
  readonly name: string
  readonly type: ManifestType
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly ino: bigint
  readonly links: number
}

/** What has to be asked of an entry itself. */
export type TreeDetails = Pick<ManifestEntry, 'target' | 'device' | 'xattrs'>

/** A file to be hashed. */
export interface HashRequest {
  readonly path: string
  readonly size: number
}

/** How files are hashed. */
export interface HashOptions {
  readonly signal?: AbortSignal | undefined
  /** Told now and then how many files and bytes are done. */
  readonly onProgress?: ((files: number, bytes: number) => void) | undefined
}

/**
 * Reads a directory that nobody writes but who has no right to. Links are never followed below it. What vanishes meanwhile is
 * not there.
 */
export interface TreeReader extends AsyncDisposable {
  readonly ids: ManifestIds
  /** Whether `details` tells of extended attributes. */
  readonly hasXattrs: boolean
  /** The directory itself, under the name ''. */
  root(): Promise<TreeStatus>
  /** Of several, in their order; undefined for what has gone. What lies above them is the caller's affair. */
  stats(paths: readonly string[]): Promise<readonly (TreeStatus | undefined)[]>
  /** In no order. */
  list(path: string): Promise<readonly TreeStatus[]>
  /** Of several, in their order; undefined for what has gone. */
  details(paths: readonly string[]): Promise<readonly (TreeDetails | undefined)[]>
  /** sha256 in hexadecimal by path; none for what has gone. */
  digests(
    files: readonly HashRequest[],
    options?: HashOptions,
  ): Promise<ReadonlyMap<string, string>>
  /** Content of a file. */
  content(path: string): AsyncIterable<Uint8Array>
}
