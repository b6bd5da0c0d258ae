import type { Change } from '../result/change.js'

/** A state of a container's root, kept on disk until it is deleted. */
export interface Snapshot {
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly name: string | undefined
  /** The snapshot it lies upon; undefined: the root itself. */
  readonly parent: string | undefined
  readonly createdAt: Date
  /** What `from` of a spec takes: `snapshot:<id>`. */
  readonly from: string
  /** What lies upon it stays whole: it goes with the last of that. Idempotent. */
  delete(): Promise<void>
}

/** A snapshot that was given a name. */
export interface Committed extends Snapshot {
  /** Chain id of the layer that it has become (`layer:<id>`); undefined: it is the snapshot that has the name. */
  readonly layer: string | undefined
}

/** How a snapshot is taken. */
export interface SnapshotOptions {
  /** For people. Default none. */
  readonly name?: string
  /**
   * What is done about a container that runs. `freeze` (default): all its processes stand still meanwhile, by a limiter that
   * can freeze; without one, it is taken only while no command runs (what is left in the background is not waited for), else
   * ERR_UNSUPPORTED. `as-is`: files are copied as they are found, while others write them.
   */
  readonly live?: 'freeze' | 'as-is'
}

/** What is brought to a host directory. */
export interface ApplyOptions {
  /** Directory in the container that stands for the host directory. Default `/`. */
  readonly root?: string
  /** Which of the changes; a deleted directory goes with all in it. Default: all. */
  readonly only?: (change: Change) => boolean
  /**
   * More bytes of content are ERR_FILE_LIMIT; what was brought before stays. A hole counts as its zeros: a sparse file of a
   * container can be larger than the disk. Default 16 GiB; `Infinity`: no limit, and then it may fill the disk.
   */
  readonly maxBytes?: number
  /** More changes are ERR_FILE_LIMIT before any is brought, those that `only` leaves out included. Default 1,000,000. */
  readonly maxEntries?: number
  /** Ends it with ERR_ABORTED; what was brought before stays, whole files alone. */
  readonly signal?: AbortSignal
}

/** What was done to a host directory. */
export interface Applied {
  /** Files, links and directories that are there now. */
  readonly written: number
  readonly deleted: number
  /**
   * Paths of the container that have no place below `root`, are neither file, link nor directory, are not there any more, or hold
   * U+FFFD: bytes that are no UTF-8 show so, and the name of the file is not known then.
   */
  readonly skipped: readonly string[]
}

/** Keeps, copies and undoes what containers write. Needs a store of snapshots, which the preset brings. */
export interface Snapshottable {
  /**
   * Keeps the root as it is now. Of a stopped container whose writes are on disk (`writable: { on: 'disk' }`) without a copy:
   * its root is read-only from then on, until `reset` or `rollback`. Else by a copy of what it wrote.
   * @throws CaissonError ERR_UNSUPPORTED (no store; commands run and nothing can freeze; a root lent to this process alone),
   * ERR_CONTAINER_STATE, ERR_STORE_SPACE, ERR_STORE_IO
   */
  snapshot(options?: SnapshotOptions): Promise<Snapshot>
  /**
   * Another container of the same spec on what this one has written so far; processes are not copied. Nothing of the root is
   * copied, and of the writes as with `snapshot`, once for all forks.
   * @throws CaissonError of `snapshot` and of `engine.create`; all or none are made
   */
  fork(): Promise<this>
  fork(count: number): Promise<readonly this[]>
  /**
   * What it changed since its root was made, reset, or rolled back, as `changes()` gives it; or since any snapshot of the same
   * root, such as the one it was forked from, or one below that. Against one that was not taken of it since, files are compared
   * by type, owner, mode, size and time of change. Iterating rejects with ERR_STORE_NOT_FOUND for one that is gone.
   * @throws CaissonError ERR_INVALID_SPEC for a snapshot of another root (when iterating), ERR_CONTAINER_STATE when it is
   * removed
   */
  diff(since?: Snapshot): AsyncIterable<Change>
  /**
   * Ends every process (reason `killed`) and puts the root back to a snapshot of the same root. It is `created` then, and
   * keeps id, limits and listeners.
   * @throws CaissonError ERR_STORE_NOT_FOUND, ERR_INVALID_SPEC (of another root), ERR_CONTAINER_STATE, and the codes of a start
   */
  rollback(to: Snapshot): Promise<void>
  /** As `rollback`, to the root it was made with: what it wrote is gone. */
  reset(): Promise<void>
  /**
   * Takes a snapshot and gives what it holds a name: `from: 'layer:<name>'` is it from then on. Of a container whose root is
   * made of layers (`debian:`, `tar:`, `layer:`), it becomes a layer upon those, and the snapshot may be deleted; of one with
   * another root (`dir:`, `host:`, `busybox:`) the snapshot is named, and stays: a layer can lie upon layers alone.
   * @throws CaissonError of `snapshot`; ERR_INVALID_SPEC for a name that is none
   */
  commit(name: string, options?: SnapshotOptions): Promise<Committed>
  /**
   * Brings changes to a directory of the host, for "review, then apply": files and links as they are in the container now,
   * with permission bits but without set-ID bits and owners. No link of either side is followed.
   * @throws CaissonError ERR_UNSUPPORTED, ERR_INVALID_SPEC, ERR_FILE_LIMIT, ERR_ABORTED, ERR_FILE_ACCESS and others of files
   */
  apply(
    changes: Iterable<Change> | AsyncIterable<Change>,
    hostDirectory: string,
    options?: ApplyOptions,
  ): Promise<Applied>
}
