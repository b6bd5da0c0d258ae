import type { Launcher } from '@caisson/core'
import type { LayerUses } from './layer-uses.js'
import type { LeaseBook } from './lease.js'
import type { RemoveTree } from './remove-tree.js'
import type { Session } from './session.js'
import type { Step } from './step.js'
import type { StorePlaces } from './store-places.js'
import type { SyncFileSystem } from './sync-file-system.js'

/** What the parts of an open store share. */
export interface StoreContext {
  readonly places: StorePlaces
  readonly session: Session
  readonly leases: LeaseBook
  readonly uses: LayerUses
  readonly launcher: Pick<Launcher, 'jail'> | undefined
  readonly step: Step
  readonly sync: SyncFileSystem
  readonly remove: RemoveTree
  /** Copies what lies upon each other into one; undefined: nobody can. */
  readonly merge: Launcher['merge'] | undefined
}
