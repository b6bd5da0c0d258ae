import type { RootExtra, RootPart } from '@caisson/core'
import type { Digest } from './digest.js'

/** The root that snapshots lie upon: all of a lease that outlives it. */
export interface SnapshotBase {
  readonly key: string
  readonly parts: readonly RootPart[]
  readonly extras: readonly RootExtra[]
  readonly masked: readonly string[]
}

/** What a snapshot lies upon. */
export interface SnapshotOrigin {
  readonly base: SnapshotBase
  /** The kept snapshot below. Default: none, the base itself. */
  readonly parent?: string | undefined
}

/** A state of a root that stays until it is deleted. */
export interface StoredSnapshot extends SnapshotOrigin {
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly name: string | undefined
  readonly createdMs: number
  /** Layers of this store that its base is made of. */
  readonly layers: readonly Digest[]
  /** Directory with `<index>/upper` for every part of the base that something was written to. */
  readonly directory: string
}

/** A place for a container's writes. */
export interface ActiveSnapshot {
  readonly id: string
  /** Absolute. The launcher makes `<index>/upper` and `<index>/work` in it, and locks it for as long as it is mounted. */
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

/** Snapshots of a store. */
export interface Snapshots {
  /**
   * A place for writes, until `discard` or `keep`, or until both this process and whoever has it mounted have ended.
   * Holds what it lies upon.
   * @throws CaissonError ERR_STORE_NOT_FOUND
   */
  begin(origin: SnapshotOrigin): Promise<ActiveSnapshot>
  /**
   * Makes a snapshot of a place whose writes have ended: no copy, whatever its size.
   * @throws CaissonError ERR_STORE_NOT_FOUND, ERR_STORE_IO
   */
  keep(id: string, options?: { readonly name?: string | undefined }): Promise<StoredSnapshot>
  /**
   * Makes a snapshot of what `fill` writes into a directory.
   * @throws CaissonError of `begin`; what `fill` throws. Nothing is left behind then.
   */
  add(
    origin: SnapshotOrigin,
    fill: (directory: string) => Promise<void>,
    options?: { readonly name?: string | undefined },
  ): Promise<StoredSnapshot>
  get(id: string): StoredSnapshot | undefined
  list(): readonly StoredSnapshot[]
  /** @throws CaissonError ERR_STORE_NOT_FOUND, when one below it is missing too */
  hold(id: string): Promise<HeldSnapshot>
  /** It goes with the next collection, unless others lie upon it: then with the last of those. Idempotent. */
  delete(id: string): Promise<void>
  /** Gives a place back that was not kept. Idempotent. */
  discard(id: string): Promise<void>
}
