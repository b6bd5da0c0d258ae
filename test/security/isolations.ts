import type { Driver } from '@caisson/core'
import { chroot, pivotRoot } from 'caisson'

/** An isolation driver in a way of running it. */
export interface Isolation {
  readonly title: string
  /** A container's root is the host's by number. */
  readonly singleIdOfRoot: boolean
  readonly make: () => Driver<'isolation'>
}

const single = { mode: 'single' } as const

/**
 * Every isolation driver; root has two ways to map ids, and that with a single one is the harder to hold: there a container's
 * root is the host's by number.
 */
export const isolations: readonly Isolation[] = [
  { title: 'pivotRoot', singleIdOfRoot: false, make: () => pivotRoot() },
  { title: 'chroot', singleIdOfRoot: false, make: () => chroot() },
  ...(process.getuid?.() === 0
    ? [
        {
          title: 'pivotRoot, single id',
          singleIdOfRoot: true,
          make: () => pivotRoot({ launcher: single }),
        },
        {
          title: 'chroot, single id',
          singleIdOfRoot: true,
          make: () => chroot({ launcher: single }),
        },
      ]
    : []),
]
