import { defineDriver, type Driver, type RootLease } from '@caisson/core'

/**
 * Lends one directory under `kit:`, so that a suite for one kind of driver needs no other driver for its root; and any other
 * under `kit:/its/path`.
 */
export function kitRootfs(path: string): Driver<'rootfs', never, never> {
  const lease = (directory: string): RootLease => ({
    key: `kit:${directory}`,
    parts: [{ at: '/', lowers: [directory] }],
    extras: [],
    masked: [],
    copyOnWrite: true,
    durable: true,
    release: () => Promise.resolve(),
  })
  return defineDriver({
    kind: 'rootfs',
    name: 'kit',
    apiVersion: 1,
    schemes: ['kit'],
    probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
    create: () => ({
      schemes: ['kit'],
      lend: ({ reference }) => Promise.resolve(lease(reference === '' ? path : reference)),
    }),
  })
}
