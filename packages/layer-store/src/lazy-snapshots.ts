import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type {
  ActiveSnapshot,
  Collected,
  CollectOptions,
  HeldSnapshot,
  KeepOptions,
  SnapshotOrigin,
  SnapshotStore,
  StoredSnapshot,
  StoreUsage,
} from '@caisson/core'
import type { SharedStore } from './shared-store.js'

const nothing = { count: 0, bytes: 0 }
const NOTHING_COLLECTED: Collected = {
  blobs: 0,
  layers: 0,
  snapshots: 0,
  unfinished: 0,
  bytes: 0,
}
function freeBytesAt(path: string): number {
  if (!existsSync(path) && path !== '/') return freeBytesAt(dirname(path))
  const disk = statfsSync(path)
  return disk.bavail * disk.bsize
}

function nothingUsed(directory: string): StoreUsage {
  return {
    blobs: nothing,
    layers: nothing,
    snapshots: nothing,
    writes: nothing,
    unfinished: nothing,
    bytes: 0,
    freeBytes: freeBytesAt(directory),
  }
}

/** Snapshots of a store that is opened with the first of them. */
export class LazySnapshots implements SnapshotStore {
  readonly #store: SharedStore

  constructor(store: SharedStore) {
    this.#store = store
  }

  get directory(): string {
    return this.#store.directory
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

  async commit(id: string, name: string): Promise<string | undefined> {
    return (await this.#store.open()).snapshots.commit(id, name)
  }

  /** Makes no store where there is none. */
  async collect(options?: CollectOptions): Promise<Collected> {
    if (!existsSync(this.#store.directory)) return NOTHING_COLLECTED
    return (await this.#store.open()).collect(options)
  }

  async usage(): Promise<StoreUsage> {
    if (!existsSync(this.#store.directory)) return nothingUsed(this.#store.directory)
    return (await this.#store.open()).usage()
  }
}
