import { stat } from 'node:fs/promises'
import { CaissonError, defineDriver, type Driver } from '@caisson/core'

async function identify(path: string): Promise<string> {
  const found = path.startsWith('/') ? await stat(path).catch(() => undefined) : undefined
  if (found?.isDirectory() === true) return `${path}@${found.dev}:${found.ino}`
  throw new CaissonError({
    code: found === undefined ? 'ERR_ROOTFS_NOT_FOUND' : 'ERR_ROOTFS_NOT_DIRECTORY',
    what: 'layers',
    subject: path,
    why: 'each layer is the absolute path of a directory',
    field: 'from',
  })
}

/** `from: 'layers:/top:/below:/base'`: directories of the host laid over each other, the topmost first. */
export function layersRootfs(): Driver<'rootfs', never, never> {
  return defineDriver({
    kind: 'rootfs',
    name: 'layers',
    apiVersion: 1,
    schemes: ['layers'],
    probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
    create: () => ({
      schemes: ['layers'],
      async lend({ reference, signal }) {
        if (signal?.aborted === true)
          throw new CaissonError({ code: 'ERR_ABORTED', what: 'layers' })
        const lowers = reference.split(':')
        // equal keys mean equal roots: a directory that was replaced has another number
        const key = `layers:${(await Promise.all(lowers.map(identify))).join(':')}`
        const parts = [{ at: '/', lowers }]
        return { key, parts, extras: [], masked: [], copyOnWrite: true, release: async () => {} }
      },
    }),
  })
}
