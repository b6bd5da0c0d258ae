import type { Digest } from './digest.js'

/** An unpacked layer; immutable. */
export interface Layer {
  /** Its chain id: what it holds together with all that is below it. */
  readonly id: Digest
  /** Digest of its uncompressed archive, or what stands for it where it was made by a recipe. */
  readonly diffId: Digest
  readonly parent: Digest | undefined
  /** How it was made, if not from an archive. */
  readonly recipe: string | undefined
  /** The blob it was unpacked from: kept as long as the layer, and what `repair` takes files from. */
  readonly blob: Digest | undefined
  /** Digest of what `verify` compares it with; undefined where an older version published it. */
  readonly manifest: Digest | undefined
  /** Absolute host directory with its files; whiteouts and opaque directories as overlayfs has them. */
  readonly diff: string
  /** When it was published, in milliseconds since 1970. */
  readonly createdMs: number
  /** On disk, in bytes. */
  readonly bytes: number
}

/** What a layer is filled into. */
export interface LayerStaging {
  /** Empty directory, mode 0755, which nobody else writes; its mode and owner become those of the root. */
  readonly diff: string
  readonly signal: AbortSignal | undefined
  /**
   * Of a repair: files whose content is wanted, each by the bytes of its path below `diff`. Whatever else is made is ignored, and
   * making it only takes time. Undefined: the whole layer is wanted.
   */
  readonly wanted?: readonly Uint8Array[] | undefined
}

/** A layer to be. Just one of `diffId` and `recipe`. */
export interface LayerDraft {
  readonly diffId?: Digest
  /** All that decides what comes out, e.g. a provider's options and the digest of its index. */
  readonly recipe?: string
  /** Chain id of the layer below. Default: none. */
  readonly parent?: Digest
  /** The blob it is unpacked from. */
  readonly blob?: Digest
  readonly signal?: AbortSignal
  /**
   * Writes the files, with the ids that they have inside the container. Not called when the layer is there already; remembered
   * all the same, and called again by `repair` where no blob has what it needs.
   */
  readonly fill: (staging: LayerStaging) => Promise<void>
}

/** A layer whose archive is unpacked while it is read for the first time: what it is shows at its end. */
export interface UnknownLayerDraft extends Pick<LayerDraft, 'parent' | 'signal'> {
  /** Writes the files, and says of which archive they came. */
  readonly fill: (staging: LayerStaging) => Promise<Required<Pick<LayerDraft, 'diffId' | 'blob'>>>
}

/** Layers that are held: they stay until `release`. */
export interface HeldLayers {
  /** Topmost first: what a `RootPart` takes as `lowers`. */
  readonly lowers: readonly string[]
  readonly chain: readonly Layer[]
  /** Idempotent. */
  release(): void
}

/** Layers of a store. */
export interface Layers {
  /** @throws TypeError ERR_INVALID_SPEC for what is no digest; CaissonError ERR_STORE_DAMAGED */
  get(id: Digest): Layer | undefined
  list(): readonly Layer[]
  /**
   * Makes a layer unless it is there, and shows it only when it is whole and on the disk. Of two processes that make the
   * same, one wins and both have it. It stays at least as long as this process has the store open.
   * @throws CaissonError ERR_STORE_NOT_FOUND (parent or blob), ERR_FILE_LIMIT (more than 256 GiB of content, holes counted),
   * ERR_STORE_SPACE, ERR_STORE_IO, ERR_ABORTED; what `fill` throws. Nothing is left behind then.
   */
  publish(draft: LayerDraft): Promise<Layer>
  /**
   * The same, for what is not known before: it is filled in any case, and dropped when the layer turns out to be there.
   * @throws CaissonError as `publish`
   */
  publishUnknown(draft: UnknownLayerDraft): Promise<Layer>
  /**
   * Holds a layer and those below it.
   * @throws CaissonError ERR_STORE_NOT_FOUND
   */
  hold(id: Digest): Promise<HeldLayers>
}
