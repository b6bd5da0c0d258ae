import type { Driver } from '../contracts/driver.js'
import type { Scope } from '../di/scope.js'
import type { CopyOnWriteOption } from './copy-on-write.js'
import type { LimitOptions } from '../spec/limits.js'

/** A rootfs driver, or several with different schemes. */
export type RootfsOption = Driver<'rootfs'> | readonly Driver<'rootfs'>[]

/** What an engine is made of. */
export interface EngineOptions<
  R extends RootfsOption = RootfsOption,
  I extends Driver<'isolation'> = Driver<'isolation'>,
  M extends readonly Driver<'limiter'>[] = readonly Driver<'limiter'>[],
> {
  readonly rootfs: R
  readonly isolation: I
  /** The first that declares a limit, and can enforce it on this host, does. Default: none. */
  readonly limiters?: M
  /** Where drivers get their dependencies. The engine registers its own in a child of it. Default: an empty one. */
  readonly scope?: Scope
  /** Absolute. Default: /run/caisson for root, else caisson in $XDG_RUNTIME_DIR or, for want of it, in /tmp by user id. */
  readonly stateDir?: string
  readonly defaults?: {
    /** Root where a spec names none. Default: the first scheme of the first rootfs driver. */
    readonly from?: string
    /** For every container that does not name them; those that no limiter enforces show in `degraded`. */
    readonly limits?: LimitOptions<LimitsOf<I | M[number]>>
  }
  /**
   * Which commands are counted exactly, with all that they start, where a limiter can: `always` (default), or `limited`: those
   * for whom, or for whose container, that limiter enforces a limit; `usage` of others is of `rusage`. A group for each command
   * is not free, on hosts with control groups of version 1 above all.
   */
  readonly account?: 'always' | 'limited'
  /**
   * How a root becomes writable without being written to. `auto` (default): an overlay; where writes go to a disk that takes
   * none, tried out at the first of them, one by `fuse-overlayfs`, where that is installed and works, else a copy that shares
   * data (`reflink`), else a `copy`, which shows in `degraded` of results and in `doctor()`. Any other is that way or ERR_UNSUPPORTED. A copy takes time and space at each start, and in
   * memory its bytes count as written (`writable.size`).
   */
  readonly copyOnWrite?: CopyOnWriteOption
  /**
   * What happens to a limit that nobody enforces, or not strictly. `throw` (default): ERR_UNSUPPORTED naming the field, before
   * anything is touched; `warn`: an event, and `degraded` in the result.
   */
  readonly onUnsupported?: 'throw' | 'warn'
}

/** Limits that drivers declare. */
export type LimitsOf<X> = X extends Driver<infer _K, infer L, infer _F> ? L : never

/** Features that drivers declare. */
export type FeaturesOf<X> = X extends Driver<infer _K, infer _L, infer F> ? F : never

/** The drivers in a rootfs option. */
export type RootfsOf<R extends RootfsOption> = R extends readonly (infer D)[] ? D : R
