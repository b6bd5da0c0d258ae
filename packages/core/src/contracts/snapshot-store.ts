import { token, type Token } from '../di/token.js'
import type { RootExtra, RootPart } from './root-lease.js'
import type { Collected, CollectOptions, StoreUsage } from './store-usage.js'

/** The root that snapshots lie upon: all of a lease that they need. */
export interface SnapshotBase {
  readonly key: string
  readonly parts: readonly RootPart[]
  readonly extras: readonly RootExtra[]
  readonly masked: readonly string[]
  /** As of the lease: the root stays without its provider. */
  readonly durable?: boolean | undefined
}

/** What a snapshot, or a container, lies upon. */
export interface SnapshotOrigin {
  readonly base: SnapshotBase
  /** The snapshot below. Default: none, the base itself. */
  readonly parent?: string | undefined
}

/** A state of a root that stays until it is deleted. */
export interface StoredSnapshot extends SnapshotOrigin {
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly name: string | undefined
  /** Milliseconds since 1970. */
  readonly createdMs: number
  /** Directory with `<index>/upper` for every part of the base that something was written to. */
  readonly directory: string
}

/** A place for a container's writes. */
export interface ActiveSnapshot {
  readonly id: string
  /** Absolute; empty. The launcher makes `<index>/upper` and `<index>/work` in it, and locks it while it is mounted. */
  readonly directory: string
}

/** A snapshot and all below it, held. */
export interface HeldSnapshot {
  readonly snapshot: StoredSnapshot
  /** For each part of the base what a container takes as lowers, topmost first. */
  readonly parts: readonly RootPart[]
  /** How many snapshots lie upon each other. */
  readonly depth: number
  /** Idempotent. */
  release(): void
}

/** How a snapshot is kept. */
export interface KeepOptions {
  /** For people. Default none. */
  readonly name?: string | undefined
  /**
   * It is to live only as long as something lies upon it or holds it, and need not survive a loss of power: nothing is
   * waited for. Default false.
   */
  readonly transient?: boolean | undefined
}

/**
 * Where snapshots are kept, by any number of processes at once. `@caisson/layer-store` has the real one;
 * `testSnapshotStore` of `@caisson/driver-testkit` shows whether another keeps this contract. What is no id is refused with
 * ERR_INVALID_SPEC or ERR_STORE_NOT_FOUND, and never becomes part of a path.
 */
export interface SnapshotStore {
  /** Where it lies, absolute, also before it is made. */
  readonly directory: string
  /**
   * A place for writes, until `discard` or `keep`, or until both this process and whoever has it mounted have ended.
   * Holds what it lies upon.
   * @throws CaissonError ERR_STORE_NOT_FOUND, ERR_STORE_IO, ERR_STORE_DIR
   */
  begin(origin: SnapshotOrigin): Promise<ActiveSnapshot>
  /**
   * Makes a snapshot of a place whose writes have ended: no copy, whatever its size; but for one that lies upon so many others
   * that the store puts them together (the snapshot then has another id, and no parent). It is held until `discard` of the
   * place, which then gives up just that.
   * @throws CaissonError ERR_STORE_NOT_FOUND, ERR_STORE_IO; ERR_UNSUPPORTED when the base is lent to this process alone
   */
  keep(id: string, options?: KeepOptions): Promise<StoredSnapshot>
  /**
   * Makes a snapshot of what `fill` writes into a directory. It is held as one of `keep`.
   * @throws CaissonError of `begin` and `keep`; what `fill` throws. Nothing is left behind then.
   */
  add(
    origin: SnapshotOrigin,
    fill: (directory: string) => Promise<void>,
    options?: KeepOptions,
  ): Promise<StoredSnapshot>
  /** @throws CaissonError ERR_STORE_NOT_FOUND, when one below it is missing too */
  hold(id: string): Promise<HeldSnapshot>
  /** It goes with the next collection, unless others lie upon it: then with the last of those. Idempotent. */
  delete(id: string): Promise<void>
  /** Gives a place back that was not kept, or the hold on one that was. Idempotent. */
  discard(id: string): Promise<void>
  /**
   * Names what a snapshot holds: `layer:<name>` is it from then on. Where it lies upon layers of the store alone, it becomes a
   * layer upon them, by a copy of what was written; elsewhere the snapshot is named, which keeps it and those below it.
   * @param name another snapshot's until now: it moves
   * @returns the chain id of the layer, where it has become one
   * @throws TypeError ERR_INVALID_SPEC for a name that is none; CaissonError ERR_STORE_NOT_FOUND, ERR_STORE_SPACE, ERR_STORE_IO
   */
  commit(id: string, name: string): Promise<string | undefined>
  /**
   * Removes what no name, lease, snapshot or living process leads to, and what dead ones left; what any process uses stays.
   * @throws CaissonError ERR_STORE_LOCKED (others use it for longer than `timeoutMs`), ERR_ABORTED, ERR_STORE_IO
   */
  collect(options?: CollectOptions): Promise<Collected>
  /** Walks everything: takes as long as `du`. @throws CaissonError ERR_STORE_IO */
  usage(): Promise<StoreUsage>
}

/** Where an engine keeps snapshots. Without it, nothing can be written to disk nor be kept. */
export const SNAPSHOTS: Token<SnapshotStore> = token('SnapshotStore')
