import type {
  ActiveSnapshot,
  HeldSnapshot,
  KeepOptions,
  SnapshotOrigin,
  SnapshotStore,
  StoredSnapshot,
} from '@caisson/core'
import type { SharedStore } from './shared-store.js'

/** Snapshots of a store that is opened with the first of them. */
export class LazySnapshots implements SnapshotStore {
  readonly #store: SharedStore

  constructor(store: SharedStore) {
    this.#store = store
  }

  async begin(origin: SnapshotOrigin): Promise<ActiveSnapshot> {
    return (await this.#store.open()).snapshots.begin(origin)
  }

  async keep(id: string, options?: KeepOptions): Promise<StoredSnapshot> {
    return (await this.#store.open()).snapshots.keep(id, options)
  }

  async add(
    origin: SnapshotOrigin,
    fill: (directory: string) => Promise<void>,
    options?: KeepOptions,
  ): Promise<StoredSnapshot> {
    return (await this.#store.open()).snapshots.add(origin, fill, options)
  }

  async hold(id: string): Promise<HeldSnapshot> {
    return (await this.#store.open()).snapshots.hold(id)
  }

  async delete(id: string): Promise<void> {
    await (await this.#store.open()).snapshots.delete(id)
  }

  async discard(id: string): Promise<void> {
    await (await this.#store.open()).snapshots.discard(id)
  }

  async commit(id: string, name: string): Promise<void> {
    await (await this.#store.open()).snapshots.commit(id, name)
  }
}
