import { defineDriver, type Driver, type RootLease } from '@caisson/core'

function lease(directory: string): RootLease {
  return {
    key: `kit:${directory}`,
    parts: [{ at: '/', lowers: [directory] }],
    extras: [],
    masked: [],
    copyOnWrite: true,
    durable: true,
    release: () => Promise.resolve(),
  }
}

/**
 * Lends one directory under `kit:`, so that a suite for one kind of driver needs no other driver for its root; and any other
 * under `kit:/its/path`.
 */
export function kitRootfs(path: string): Driver<'rootfs', never, never> {
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
