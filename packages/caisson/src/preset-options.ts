import type { Driver, Limits, LimitsOf } from '@caisson/core'
import type { RlimitKey } from '@caisson/driver-rlimits'

/** An isolation driver, or several in order of preference. */
export type IsolationOption = Driver<'isolation'> | readonly Driver<'isolation'>[]

/** Limits of an engine with these limiters beside `rlimits()`. */
export type PresetLimits<M extends readonly Driver<'limiter'>[]> = RlimitKey | LimitsOf<M[number]>

/** What may be different from the preset. Unknown fields are errors (ERR_INVALID_SPEC). */
export interface PresetOptions<
  I extends IsolationOption = IsolationOption,
  M extends readonly Driver<'limiter'>[] = readonly Driver<'limiter'>[],
> {
  /**
   * The first whose probe says that it works is taken. Default: `pivotRoot()`. `[pivotRoot(), chroot()]` also takes what
   * is no security boundary, where there is nothing better.
   */
  readonly isolation?: I
  /** Beside `dir:`, `host:`, `busybox:`, `layer:` and `snapshot:`; one for a scheme of those replaces it. */
  readonly rootfs?: readonly Driver<'rootfs'>[]
  /** Asked before `rlimits()`: the first that declares a limit enforces it. */
  readonly limiters?: M
  /** Root of containers that name none. Default `host:`. */
  readonly from?: string
  /** Limits of containers that do not name them. Default `{ processes: 512 }` (fewer where this process may have fewer), which stays unless it is named here. */
  readonly limits?: Limits<PresetLimits<M>>
  /** Absolute directory for what must not outlive a boot. Default: core's. */
  readonly stateDir?: string
  /**
   * Absolute directory for what outlives a boot: layers and snapshots, in `store`, made when they are first wanted. Default:
   * `/var/lib/caisson` for root, else `$XDG_DATA_HOME/caisson` or `~/.local/share/caisson`.
   */
  readonly dataDir?: string
}
