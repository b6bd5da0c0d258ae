/** How far the tree of `busybox:` is. */
export interface BusyboxProgress {
  /** `exists`: it was made before, nothing is to be done; `install`: it is being made; `done`: the root is there. */
  readonly phase: 'exists' | 'install' | 'done'
  /** The busybox, by its path. */
  readonly subject: string
  /** Of the busybox. */
  readonly bytes: number
  /** How many of `total` trees: 1 of 1. */
  readonly count: number
  readonly total: number
}
