import { join } from 'node:path'
import { hexOf, type Digest } from './digest.js'

/** Where everything of a store lies; all of it on one file system. */
export interface StorePlaces {
  readonly root: string
  readonly version: string
  /** Shared while something is looked up and leased, exclusive while garbage is told from what is used. */
  readonly lock: string
  /** A file for each process that has the store open, locked by it. */
  readonly sessions: string
  readonly leases: string
  readonly refs: string
  readonly blobs: string
  readonly ingest: string
  readonly layers: string
  readonly snapshots: string
  readonly trash: string
}

/** The places of a store in a directory. */
export function placesOf(root: string): StorePlaces {
  return Object.freeze({
    root,
    version: join(root, 'version.json'),
    lock: join(root, 'lock'),
    sessions: join(root, 'sessions'),
    leases: join(root, 'leases'),
    refs: join(root, 'refs'),
    blobs: join(root, 'blobs', 'sha256'),
    ingest: join(root, 'ingest'),
    layers: join(root, 'layers'),
    snapshots: join(root, 'snaps'),
    trash: join(root, 'trash'),
  })
}

/** The directory of a layer: `diff`, `meta.json`, `manifest`. */
export function layerDirectory(places: StorePlaces, id: Digest): string {
  return join(places.layers, hexOf(id))
}

/** Names of directories that a session is still making. */
export function stagingName(session: string, nonce: string): string {
  return `.new-${session}-${nonce}`
}

/** The session in a name of `stagingName`; undefined for other names. */
export function stagingSession(name: string): string | undefined {
  return /^\.new-([0-9a-f]{16})-[0-9a-f]{16}$/.exec(name)?.[1]
}
