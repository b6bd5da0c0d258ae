import type { Digest } from './digest.js'
import type { LayerDraft } from './layers.js'
import type { Difference } from './verification.js'

/** How far a repair is. */
export interface RepairProgress {
  /**
   * `wait`: for those that have it mounted; `check`; `blob`, `source`: content is looked for there; `mend`: entries are put in
   * their places; `confirm`.
   */
  readonly phase: 'wait' | 'check' | 'blob' | 'source' | 'mend' | 'confirm'
  /** Bytes read, or entries mended. */
  readonly done: number
  /** 0: nobody knows. */
  readonly total: number
}

/** How a layer is repaired. */
export interface RepairOptions {
  /** Read the content of every file for it. Default true; false: of those alone that a quick check finds. */
  readonly deep?: boolean
  /**
   * Fills an empty directory as the layer was filled, or what of it is `wanted` alone: what neither the layer itself nor its
   * blob has is taken from there, if its digest is right. Default: the `fill` of `layers.publish`, where this process called that for the layer.
   */
  readonly source?: LayerDraft['fill'] | undefined
  /** How long to wait until nobody has the layer mounted, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: RepairProgress) => void) | undefined
}

/** What a repair did. */
export interface Repair {
  readonly layer: Digest
  /** What was wrong, and is not any more. */
  readonly mended: readonly Difference[]
  /** Files of which content was missing, by where it came from: another file of the layer, its blob, the source. */
  readonly contents: { readonly layer: number; readonly blob: number; readonly source: number }
}
