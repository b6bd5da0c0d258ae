/** How many there are of a kind, and what they take on disk. */
export interface DiskShare {
  readonly count: number
  readonly bytes: number
}

/** What a store takes on disk. */
export interface StoreUsage {
  /** Archives as they came. */
  readonly blobs: DiskShare
  /** Unpacked, shared by all that lie upon them. */
  readonly layers: DiskShare
  /** Kept, and those deleted that others still lie upon; those alone that are kept are counted. */
  readonly snapshots: DiskShare
  /** What containers write that have `writable: { on: 'disk' }`, and those that are gone left. */
  readonly writes: DiskShare
  /** Unfinished downloads and layers, and what is being deleted. */
  readonly unfinished: DiskShare
  readonly bytes: number
  /** Free on its file system for this user. */
  readonly freeBytes: number
}

/** What a collection of a store's garbage removed. */
export interface Collected {
  readonly blobs: number
  readonly layers: number
  /** Also places for writes that nobody has any more. */
  readonly snapshots: number
  /** Unfinished things of processes that are dead. */
  readonly unfinished: number
  /** On disk. */
  readonly bytes: number
}

/** How garbage is collected. */
export interface CollectOptions {
  /** How long to wait for others who look something up, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** What was made or changed within so many milliseconds stays, with all it lies upon. Default 0. */
  readonly olderThanMs?: number
  readonly signal?: AbortSignal
}
