/**
 * Ways to make a root writable that nobody else's writes reach, the best first. `overlay`: the kernel lays writes over the root.
 * `fuse-overlayfs`: a program of the host does, one for each part of a container's root. `reflink`: a copy that shares data with
 * the root until it is written to. `copy`: a copy of all of it.
 */
export const copyOnWriteKinds = ['overlay', 'fuse-overlayfs', 'reflink', 'copy'] as const

/** One of `copyOnWriteKinds`. */
export type CopyOnWriteKind = (typeof copyOnWriteKinds)[number]
