import type { Collected, DiskShare, StoreUsage } from '../contracts/store-usage.js'
import type { Swept } from '../records/record-store.js'

/** What an engine's directories take on disk. */
export interface DiskUsage {
  /** Records and logs of detached containers, those that nobody holds any more included. */
  readonly containers: DiskShare
  /** Blobs, layers, snapshots and what containers write; undefined: the engine has no store. */
  readonly store: StoreUsage | undefined
  /** All of it. What containers write to memory is in their `stats()`, not here. */
  readonly bytes: number
}

/** What `prune` removed. */
export interface Pruned extends Swept {
  /** Of the store; undefined: the engine has none. */
  readonly store: Collected | undefined
  /** Given back on disk, by both. */
  readonly bytes: number
}
