/** How far the building of a root is. */
export interface BuildProgress {
  /**
   * `exists`: it was built before, nothing is to be done; `resolve`: the index is read and the packages are known; `download`: one is there; `install`: one is unpacked; `done`: the
   * root is there; `stale`: the mirror did not answer, and a root that was built before serves.
   */
  readonly phase: 'exists' | 'resolve' | 'download' | 'install' | 'done' | 'stale'
  /** What it is about: the release, the package. */
  readonly subject: string
  /** Of the package, compressed; of `resolve`, of all of them; else 0. */
  readonly bytes: number
  /** How many of `total` are done in this phase. */
  readonly count: number
  /** Packages; 0: nobody knows, the tool that builds it does not say. */
  readonly total: number
}

/** Told by the builder; it knows nothing of counts. */
export type ReportProgress = (step: Pick<BuildProgress, 'phase' | 'subject' | 'bytes'>) => void

/** Counts what is reported, phase by phase. */
export function countProgress(
  total: number,
  tell: ((progress: BuildProgress) => void) | undefined,
): ReportProgress {
  const counts = new Map<string, number>()
  return (step) => {
    const count = (counts.get(step.phase) ?? 0) + 1
    counts.set(step.phase, count)
    tell?.({ ...step, count, total })
  }
}
