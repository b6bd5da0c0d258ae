import type { ContainerSpec, CopyOnWriteKind, LauncherIdentity, RootLease } from '@caisson/core'
import type { PlanHost } from './plan-host.js'

/** How a container gets its root: `pivot` leaves nothing else mounted, `chroot` leaves the old root behind it. */
export type PlanKind = 'pivot' | 'chroot'

/** All that the steps of a container depend on. */
export interface PlanInput {
  readonly kind: PlanKind
  readonly spec: ContainerSpec
  readonly root: RootLease
  /** Host directory that takes the writes. Default: memory. */
  readonly upper?: string | undefined
  /** How the root is made writable. Default: an overlay. */
  readonly copyOnWrite?: CopyOnWriteKind | undefined
  readonly identity: LauncherIdentity
  readonly host: PlanHost
  /** Host directories whose file system takes no id-mapped mounts, where the caller allowed that. */
  readonly unmapped: ReadonlySet<string>
}
