import type { Collected, CollectOptions, Launcher, StoreUsage } from '@caisson/core'
import type { Blobs } from './blobs.js'
import type { Layers } from './layers.js'
import type { Lease, StoreRoot } from './lease.js'
import type { Refs } from './refs.js'
import type { Digest } from './digest.js'
import type { Repair, RepairOptions } from './repair.js'
import type { Snapshots } from './snapshots.js'
import type { Verification, VerifyOptions } from './verification.js'

/** How a lease is made. */
export interface LeaseOptions {
  readonly roots?: readonly StoreRoot[]
  /** In milliseconds from now; it then outlives this process. Default: it ends with this process, however that ends. */
  readonly expiresMs?: number
}

/**
 * Blobs, unpacked layers and snapshots in one directory, which any number of processes may have open at once. What a
 * promise of it has acknowledged is on the disk; what a crash interrupts is never seen, and goes with the next `collect`.
 */
export interface LayerStore extends AsyncDisposable {
  /** Absolute; everything in it has mode 0700 or less. */
  readonly directory: string
  /**
   * Where overlayfs keeps its marks, for whoever fills layers: `trusted` (root) or `user` (in a user namespace) in
   * `<marks>.overlay.opaque`.
   */
  readonly marks: 'trusted' | 'user'
  readonly blobs: Blobs
  readonly layers: Layers
  readonly refs: Refs
  readonly snapshots: Snapshots
  /** Keeps things from being collected. @throws CaissonError ERR_STORE_LOCKED */
  lease(options?: LeaseOptions): Promise<Lease>
  /**
   * Removes what no name, lease or snapshot leads to, and what dead processes left.
   * @throws CaissonError ERR_STORE_LOCKED (somebody uses it for longer than `timeoutMs`), ERR_ABORTED, ERR_STORE_IO
   */
  collect(options?: CollectOptions): Promise<Collected>
  /**
   * Finds what of a layer is not as it was published: deleted, added, altered, of another mode or owner. What differs is a
   * result, not an error. A quick check takes a fraction of a second for 11,000 entries. Writes nothing.
   * @throws TypeError ERR_INVALID_SPEC; CaissonError ERR_STORE_NOT_FOUND, ERR_STORE_NO_MANIFEST (an older version published it),
   * ERR_STORE_DAMAGED (the manifest itself), ERR_STORE_IO, ERR_ABORTED; ERR_UNSUPPORTED when a user with ranges of ids opened
   * the store without `launcher`
   */
  verify(layer: Digest, options?: VerifyOptions): Promise<Verification>
  /**
   * Puts right what of a layer is not as it was published, and nothing else: each entry by one rename, from other files of
   * the layer, its blob, or a source. Locks the layer meanwhile; who wants to mount it waits. After a crash in the middle every
   * entry is whole, and the next repair goes on.
   * @throws CaissonError ERR_STORE_BUSY, naming who, while anybody has it mounted; ERR_STORE_DAMAGED when something is left,
   * naming it; ERR_UNSUPPORTED for a store that was opened without `launcher`; and those of `verify`
   */
  repair(layer: Digest, options?: RepairOptions): Promise<Repair>
  /** Walks everything: takes as long as `du`. */
  usage(): Promise<StoreUsage>
  /** Closes it; what this process held may be collected then. */
  [Symbol.asyncDispose](): Promise<void>
}

/** How a store is opened. */
export interface LayerStoreOptions {
  /** Absolute; made with mode 0700 when it is not there. On a local file system. */
  readonly directory: string
  /**
   * Whether what is published waits for the disk (syncfs, fsync). Default true. False for what can be made again: after a
   * loss of power a layer may be torn then; a crash of processes does no harm.
   */
  readonly sync?: boolean
  /**
   * Copies what lies upon each other: chains of more than 64 snapshots become one, and what is committed a layer. And removes
   * files of ids that are not this user's own: what containers of a user with ranges of ids wrote. Default: chains grow until
   * the kernel refuses them (ERR_ROOTFS_LAYERS), a commit is a name for a snapshot, and removing fails with ERR_STORE_IO
   * (EACCES), for those users alone. It also reads extended attributes for manifests, and writes what `repair` does: without it
   * there is no repair, and manifests have no attributes.
   */
  readonly launcher?: Pick<Launcher, 'jail' | 'merge'> | undefined
}
