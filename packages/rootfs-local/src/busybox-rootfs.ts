import {
  defaultDataDir,
  defineDriver,
  invalidArgument,
  type Driver,
  type Probe,
} from '@caisson/core'
import { BusyboxRoot } from './busybox-root.js'
import { BUSYBOX_PATHS, findBusybox } from './find-busybox.js'
import type { BusyboxProgress } from './progress.js'
import { rootfsError, throwIfAborted } from './rootfs-error.js'

/** What `busyboxRootfs` takes. */
export interface BusyboxRootfsOptions {
  /** A static busybox, absolute. Default: the first one in /bin and /usr/bin. It is run once, to list its applets. */
  readonly path?: string
  /** Where the tree is kept. Default: `/var/lib/caisson` as root, else `$XDG_DATA_HOME/caisson`. */
  readonly dataDir?: string
  /** Told how far the tree is. It takes less than a tenth of a second to make, once. */
  readonly onProgress?: (progress: BusyboxProgress) => void
}

function checkPath(path: string, field: string): string {
  if (typeof path !== 'string' || !path.startsWith('/') || path.includes('\0')) {
    throw invalidArgument({ field, why: 'must be an absolute path' })
  }
  return path
}

async function probe(paths: readonly string[], dataDir: string): Promise<Probe> {
  try {
    const { path, sha256 } = await findBusybox(paths)
    return { ok: true, missing: [], degraded: [], facts: { path, sha256, dataDir } }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    const fix = 'apt-get install busybox-static'
    return { ok: false, missing: [{ what, fix }], degraded: [], facts: { dataDir } }
  }
}

/**
 * `from: 'busybox:'`: a small root around a static busybox of the host's, with its applets, /etc/passwd, /etc/group and
 * /tmp. Made once per busybox and kept in the data directory, shared by all processes.
 *
 * Throws TypeError ERR_INVALID_SPEC for bad options. `lend` rejects with ERR_ROOTFS_NOT_FOUND when there is no busybox,
 * ERR_ROOTFS_INVALID when it is not static, has no shell, or the data directory cannot be written, ERR_STORE_SPACE when it is full,
 * ERR_ABORTED.
 */
export function busyboxRootfs(options: BusyboxRootfsOptions = {}): Driver<'rootfs', never, never> {
  const paths = options.path === undefined ? BUSYBOX_PATHS : [checkPath(options.path, 'path')]
  const dataDir = checkPath(options.dataDir ?? defaultDataDir(), 'dataDir')
  return defineDriver({
    kind: 'rootfs',
    name: 'busybox',
    apiVersion: 1,
    schemes: ['busybox'],
    probe: () => probe(paths, dataDir),
    create: () => {
      const root = new BusyboxRoot(paths, dataDir, options.onProgress)
      return {
        schemes: ['busybox'],
        async lend(request) {
          throwIfAborted(request.signal, 'busybox:')
          if (request.reference !== '') {
            const why = 'nothing can follow the scheme'
            const fix = 'Write `busybox:`; name another binary with busyboxRootfs({ path }).'
            throw rootfsError('ERR_ROOTFS_INVALID', `busybox:${request.reference}`, why, fix)
          }
          return root.lend(request.signal)
        },
      }
    },
  })
}
