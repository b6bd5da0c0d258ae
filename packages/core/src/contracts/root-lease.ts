import type { SnapshotOrigin } from './snapshot-store.js'

/** A part of the root: a directory that is copy-on-write or read-only over host directories. */
export interface RootPart {
  /** Where it appears in the root: `/` (first part, always there) or an absolute path. */
  readonly at: string
  /** Absolute host directories, topmost first. None: an empty directory. */
  readonly lowers: readonly string[]
}

/** A link or directory that the root gets besides its parts, e.g. `/bin -> usr/bin`. */
export type RootExtra =
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }

/**
 * A root that a provider lends to one container. The provider keeps it valid until `release`.
 */
export interface RootLease {
  /** Equal keys mean an equal root: the launcher then builds its template once. */
  readonly key: string
  /** At least one part; the first is at `/`. */
  readonly parts: readonly RootPart[]
  readonly extras: readonly RootExtra[]
  /** Paths inside the root that are hidden from the container, e.g. `/etc/shadow`. */
  readonly masked: readonly string[]
  /** False: the root cannot be made writable at all. */
  readonly copyOnWrite: boolean
  /**
   * It needs nothing of this process: the root stays without it, and without `release`. Default false: it cannot serve a
   * detached container.
   */
  readonly durable?: boolean
  /** Where the root is a snapshot: which one, and what it lies upon. Default: the root is its own base. */
  readonly origin?: SnapshotOrigin
  /** Gives the root back. Idempotent. */
  release(): Promise<void>
}
