import type { Driver } from '@caisson/core'
import { builtRootfs } from '../built-rootfs.js'
import type { BuildProgress } from '../progress.js'
import { probeTools } from '../tools/probe-tools.js'
import { parseDnfOptions, parseDnfReference, type DnfOptions } from './dnf-options.js'

export interface DnfRootfsOptions extends DnfOptions {
  /** Told how far a root is that is being built. */
  readonly onProgress?: (progress: BuildProgress) => void
}

/**
 * `from: 'dnf:42?packages=bash,coreutils'`: a root that the host's own dnf installs from the repositories given. As root, or in a user
 * namespace, which needs newuidmap and 65536 ids in /etc/subuid and /etc/subgid. Scripts of packages run in a chroot with mounts and
 * processes of their own, as root of this host where that is who runs it: take packages that you would install on it. Built once
 * and kept in the layer store; asked again after `maxAge` whether there are updates.
 *
 * Throws TypeError or RangeError ERR_INVALID_SPEC for bad options. `lend` rejects with ERR_TOOL_MISSING and ERR_USER_NAMESPACE before
 * anything is done, ERR_MIRROR_UNREACHABLE, ERR_PACKAGE_NOT_FOUND, ERR_DEPENDENCY_UNSATISFIED, ERR_SIGNATURE_INVALID,
 * ERR_DIGEST_MISMATCH, ERR_ROOTFS_INVALID (another failure; as of all of dnf, the cause has argv, exit code and last lines),
 * ERR_ABORTED and the codes of the store (ERR_STORE_*).
 */
export function dnfRootfs(options: DnfRootfsOptions): Driver<'rootfs', never, never> {
  const { onProgress, ...wanted } = options
  parseDnfOptions(wanted)
  return builtRootfs({
    scheme: 'dnf',
    onProgress,
    probe: () =>
      probeTools([
        ['dnf', 'dnf'],
        ['unshare', 'util-linux'],
        ['tar', 'tar'],
      ]),
    order: async (reference, tools) => {
      const request = parseDnfReference(reference, wanted)
      const { dnfOrder } = await import('./dnf-root.js')
      return dnfOrder(request, tools)
    },
  })
}
