import type { IsolatedContainer } from '../contracts/isolation-driver.js'
import type { DirectoryJail, JailOptions } from '../contracts/directory-jail.js'
import type { FileAccess } from '../contracts/file-access.js'
import type { ActiveSnapshot, SnapshotOrigin, SnapshotStore } from '../contracts/snapshot-store.js'
import type { SnapshotHandle } from './snapshot-handle.js'

/** What an engine does for the snapshots of one of its containers. */
export interface Keeper {
  readonly store: SnapshotStore
  /** What the container lies upon now. */
  readonly origin: SnapshotOrigin
  /** Where it writes, when that is on disk. */
  readonly place: ActiveSnapshot | undefined
  /** What is there is a copy of its root, no layer of writes upon it. */
  readonly isCopy: boolean
  /** Makes another of its kind, on a snapshot or, without one, on the same root; the one before is removed already. */
  remake(from: string | undefined): Promise<IsolatedContainer>
  /** A container of the same spec on a snapshot. */
  fork(from: string): Promise<SnapshotHandle>
  /** A root of its kind, to be looked at until it is disposed: nothing runs there. */
  look(from: string): Promise<LookedAt>
  /** A host directory, out of which nothing leads. @throws CaissonError ERR_UNSUPPORTED */
  jail(directory: string, options?: JailOptions): Promise<DirectoryJail>
}

/** The files of a root in which nothing runs. */
export interface LookedAt extends AsyncDisposable {
  /** Undefined when the isolation driver shows none. */
  readonly files: FileAccess | undefined
}
