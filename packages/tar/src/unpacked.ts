import type { TarLimits } from './limits.js'
import type { FoundTarEntry } from './tar-entry.js'

/** How far it is. */
export interface UnpackProgress {
  readonly entries: number
  /** Content of files. */
  readonly bytes: number
}

/** How archives are unpacked. */
export interface UnpackOptions {
  readonly limits?: Partial<TarLimits>
  readonly signal?: AbortSignal
  /** After each chunk. */
  readonly onProgress?: (progress: UnpackProgress) => void
  /** Which entries are wanted. Default: all. */
  readonly filter?: (entry: FoundTarEntry) => boolean
  /** Device nodes. Default: `make` for root, else `skip`: the kernel lets nobody else make them. */
  readonly devices?: 'make' | 'skip' | 'refuse'
  /** A directory whose place a link to a directory has, is that directory: merged /usr. Default false: it replaces the link. */
  readonly keepLinks?: boolean
  /**
   * Files named `.wh.…`, by which layers of images delete what is below. `refuse` (default), or `overlay`: what overlayfs makes
   * of them in a user namespace (a device 0:0; the attribute user.overlay.opaque).
   */
  readonly whiteouts?: 'refuse' | 'overlay'
}

/** What was unpacked, and what of it is not as the archive has it. */
export interface Unpacked extends UnpackProgress {
  /** Names of device nodes that were left out; at most 100. */
  readonly skippedDevices: readonly string[]
  /** Names of attributes that were left out anywhere. */
  readonly droppedXattrs: readonly string[]
  /** Entries that belong to root of the container because there is one id only. */
  readonly ownersLost: number
}
