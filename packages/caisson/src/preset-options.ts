import type { CopyOnWriteOption, Driver, Limits, LimitsOf } from '@caisson/core'
import type { DefaultLimiter } from './pick-limiters.js'

/** An isolation driver, or several in order of preference. */
export type IsolationOption = Driver<'isolation'> | readonly Driver<'isolation'>[]

/** The drivers in an isolation option. */
export type OneOf<I extends IsolationOption> = I extends readonly (infer D)[] ? D : I

/** Limits of an engine with these drivers beside the preset's; what the host lacks is ERR_UNSUPPORTED at run time. */
export type PresetLimits<
  I extends IsolationOption,
  M extends readonly Driver<'limiter'>[] = readonly [],
> = LimitsOf<OneOf<I> | M[number] | DefaultLimiter>

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
  /** Beside `dir:`, `host:`, `busybox:`, `debian:`, `layer:` and `snapshot:`; one for a scheme of those replaces it. */
  readonly rootfs?: readonly Driver<'rootfs'>[]
  /** Asked before the preset's own, of which one of the same name is left out. */
  readonly limiters?: M
  /** Root of containers that name none. Default `host:`. */
  readonly from?: string
  /** Limits of containers that do not name them. Default `{ processes: 512 }` (fewer where this process may have fewer), which stays unless it is named here. */
  readonly limits?: Limits<PresetLimits<I, M>>
  /**
   * Which commands are counted exactly: core's `account`. Default `limited`: a start that asks for nothing that only control
   * groups can do makes none.
   */
  readonly account?: 'always' | 'limited'
  /** How roots are made writable: core's `copyOnWrite`. Default `auto`: overlays; else fuse-overlayfs or copies. */
  readonly copyOnWrite?: CopyOnWriteOption
  /** What happens to limits that this host cannot enforce: core's `onUnsupported`. Default `throw`. */
  readonly onUnsupported?: 'throw' | 'warn'
  /** Absolute directory for what must not outlive a boot. Default: core's. */
  readonly stateDir?: string
  /**
   * Absolute directory for what outlives a boot: built roots, layers and snapshots, in `store`, made when they are first wanted. Default:
   * `/var/lib/caisson` for root, else `$XDG_DATA_HOME/caisson` or `~/.local/share/caisson`.
   */
  readonly dataDir?: string
}
