import type { LimitSupports } from './limit-support.js'

/** One thing a host lacks, and what a person can do about it. */
export interface Missing {
  /** What is not there, e.g. `user namespaces`. */
  readonly what: string
  /** The command or setting that mends it. */
  readonly fix: string
}

/** What a driver found out about this host. `probe()` never throws and never changes the host. */
export interface Probe {
  /** Whether the driver works here at all. */
  readonly ok: boolean
  /** What keeps it from working; empty when `ok`. */
  readonly missing: readonly Missing[]
  /** What works less well than elsewhere, in words. */
  readonly degraded: readonly string[]
  /** Plain facts worth showing, e.g. `{ mode: 'user namespace, single id' }`. */
  readonly facts: Readonly<Record<string, string>>
  /**
   * Of drivers that enforce limits: what each limit of the manifest is worth here. Absent: all are enforced. The engine asks
   * once, before the first limit, and refuses what is unsupported (ERR_UNSUPPORTED naming the field) before anything is
   * touched; another limiter that declares the same limit and can is taken instead.
   */
  readonly limits?: LimitSupports
}
