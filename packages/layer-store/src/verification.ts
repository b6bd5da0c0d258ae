import type { Digest } from './digest.js'
import type { ManifestType } from './manifest-entry.js'

/**
 * What is wrong with an entry.
 * - `missing`, `added`
 * - `type`: something else stands there
 * - `content`: of a file; also where a symlink leads, and what a device is
 * - `links`: it is no other name of the same file any more
 * - `attributes`: mode, owner, time, extended attributes
 * - `touched`: something was done to it that does not show in these. Of quick checks alone: what it was, a deep one tells
 */
export type DifferenceKind =
  'missing' | 'added' | 'type' | 'content' | 'links' | 'attributes' | 'touched'

/** What differs of an entry; what is the same is left out. Owners are those inside containers. */
export interface EntryFacts {
  readonly type?: ManifestType
  /** Permission, set-ID and sticky bits. */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Of a file, in bytes. */
  readonly size?: number
  /** sha256 of a file's content in hexadecimal. */
  readonly sha256?: string
  /** Nanoseconds since 1970. */
  readonly mtimeNs?: bigint
  /** Of its last change of any kind, which nobody can set. */
  readonly ctimeNs?: bigint
  /** Its number on the file system. */
  readonly ino?: bigint
  /** Of a symlink. */
  readonly target?: string
  readonly device?: { readonly major: number; readonly minor: number }
  /** Extended attributes, values in base64. */
  readonly xattrs?: Readonly<Record<string, string>>
  /** The first name of the file that it is a name of. */
  readonly link?: string
}

/** An entry of a layer that is not as it was published. */
export interface Difference {
  /** Relative to the layer, e.g. `usr/bin/dpkg`; '' is its root. Bytes that are no UTF-8 are U+FFFD. */
  readonly path: string
  /** The same, exact. */
  readonly pathBytes: Uint8Array
  readonly kind: DifferenceKind
  /** Undefined: it was not there. */
  readonly expected: EntryFacts | undefined
  /** Undefined: it is not there. */
  readonly found: EntryFacts | undefined
}

/** How far a check is. */
export interface VerifyProgress {
  /** Files of which the content was read. */
  readonly files: number
  readonly totalFiles: number
  readonly bytes: number
  readonly totalBytes: number
}

/** How a layer is checked. */
export interface VerifyOptions {
  /**
   * Read the content of every file, and everything else that the manifest has. Default false: what the file system keeps of
   * each entry is compared, which finds all that anybody did, as nobody can set the time of a file's last change; it does not
   * find what the disk did by itself.
   */
  readonly deep?: boolean
  readonly signal?: AbortSignal | undefined
  /** Of a deep check, now and then. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
}

/** What came of a check. */
export interface Verification {
  readonly ok: boolean
  readonly layer: Digest
  /** Whether content was read: also unasked, where what a quick check needs was lost. */
  readonly deep: boolean
  /** Whether extended attributes were compared, beyond the times of last changes: by deep checks with a launcher. */
  readonly xattrs: boolean
  /** In the order of their paths' bytes, directory by directory. */
  readonly differences: readonly Difference[]
  /** Entries that the layer has. */
  readonly checked: number
  /** Content read, in bytes. */
  readonly bytes: number
}
