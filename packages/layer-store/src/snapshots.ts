import type { SnapshotStore, StoredSnapshot } from '@caisson/core'

/** Snapshots of a store. */
export interface Snapshots extends SnapshotStore {
  /** Undefined when it is not there, or deleted. */
  get(id: string): StoredSnapshot | undefined
  /** Those that stay until they are deleted. */
  list(): readonly StoredSnapshot[]
}
