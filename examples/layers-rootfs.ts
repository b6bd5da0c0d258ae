import { stat } from 'node:fs/promises'
import { CaissonError, defineDriver, type Driver } from '@caisson/core'

async function checkLayer(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  if (path.startsWith('/') && found?.isDirectory() === true)
    return `${path}@${found.dev}:${found.ino}`
  throw new CaissonError({
    code: found === undefined ? 'ERR_ROOTFS_NOT_FOUND' : 'ERR_ROOTFS_NOT_DIRECTORY',
    what: 'lend a root',
    subject: path,
    why: 'each layer is the absolute path of a directory',
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
      async lend({ reference }) {
        const lowers = reference.split(':')
        const ids = await Promise.all(lowers.map(checkLayer))
        return {
          key: `layers:${ids.join(':')}`,
          parts: [{ at: '/', lowers }],
          extras: [],
          masked: [],
          copyOnWrite: true,
          release: async () => {},
        }
      },
    }),
  })
}
