import type { Missing } from '@caisson/core'

/** A driver that the preset plugged in. */
export interface PickedDriver {
  readonly name: string
  /** What works less well on this host than elsewhere, in words. */
  readonly degraded: readonly string[]
  /** Plain facts of its probe, e.g. `{ mode: 'user: a user namespace with a single id' }`. */
  readonly facts: Readonly<Record<string, string>>
}

/** A driver that does not work on this host. */
export interface PassedOverDriver {
  readonly name: string
  readonly missing: readonly Missing[]
}

/** What an engine of the preset is made of, and why. */
export interface Picked {
  /** The first of the isolation drivers that works here. */
  readonly isolation: PickedDriver
  /** Those before it, which do not. */
  readonly passedOver: readonly PassedOverDriver[]
  /** Schemes that `from` may have. */
  readonly schemes: readonly string[]
  /** Names of the limiters, the first one that declares a limit enforces it. */
  readonly limiters: readonly string[]
  /** Kinds of control groups that do not work here. */
  readonly limitersPassedOver: readonly PassedOverDriver[]
  /** All of it in one line. */
  readonly summary: string
}
