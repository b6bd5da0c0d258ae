import type { RootLease } from './root-lease.js'

/** What a provider is asked for. */
export interface RootRequest {
  /** The container's id. */
  readonly id: string
  /** The reference after its scheme: `/srv/root` for `dir:/srv/root`; empty when only the scheme was given. */
  readonly reference: string
  readonly signal?: AbortSignal
}

/** Turns references of its schemes into root file systems. */
export interface RootfsProvider {
  /** Schemes it answers to, without the colon, e.g. `['dir']`. */
  readonly schemes: readonly string[]
  /**
   * Lends a root.
   * @throws CaissonError ERR_ROOTFS_NOT_FOUND, ERR_ROOTFS_NOT_DIRECTORY, ERR_ROOTFS_INVALID
   */
  lend(request: RootRequest): Promise<RootLease>
}
