import { defineDriver, type Driver, type RootfsProvider } from '@caisson/core'
import { lendDirectory } from './dir-root.js'
import { throwIfAborted } from './rootfs-error.js'

const provider: RootfsProvider = {
  schemes: ['dir'],
  // async: what is wrong with a reference rejects, it is not thrown
  async lend(request) {
    throwIfAborted(request.signal, `dir:${request.reference}`)
    return lendDirectory(request.reference)
  },
}

/**
 * `from: 'dir:/srv/root'`: an existing directory as root, copy-on-write (or read-only with `readonlyRoot`). The directory
 * is never written. A change made to it by others while containers run on it shows in them in undefined ways.
 *
 * `lend` rejects with ERR_ROOTFS_NOT_FOUND (missing, or a dangling link), ERR_ROOTFS_NOT_DIRECTORY, ERR_ROOTFS_INVALID
 * (relative, NUL, the host's own `/`), ERR_ABORTED. It takes microseconds: there is no progress to tell of.
 */
export function dirRootfs(): Driver<'rootfs', never, never> {
  return defineDriver({
    kind: 'rootfs',
    name: 'dir',
    apiVersion: 1,
    schemes: ['dir'],
    probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
    create: () => provider,
  })
}
