import type { Driver } from '@caisson/core'
import { bootstrapRootfs } from '../bootstrap/bootstrap-rootfs.js'
import type { BuildProgress } from '../progress.js'
import { debootstrapOptions, type DebootstrapOptions } from './debootstrap-options.js'

export interface DebootstrapRootfsOptions extends DebootstrapOptions {
  /** Told how far a root is that is being built. */
  readonly onProgress?: (progress: BuildProgress) => void
}

/**
 * `from: 'debootstrap:'`, `'debootstrap:bookworm?variant=buildd&packages=git'`: a root of Debian made by debootstrap(8) of the host,
 * maintainer scripts and all, in mounts and processes of its own. As root, or in a user namespace, which needs newuidmap and 65536 ids in
 * /etc/subuid and /etc/subgid. It writes below TMPDIR; an archive of that is unpacked by Caisson into the layer store, once for
 * equal indexes and packages; asked again after `maxAge` whether there are updates. Only the release itself is used, no updates:
 * that is how debootstrap works. For roots with them, or without the tool, see `mmdebstrapRootfs` and `debianRootfs`.
 *
 * Throws TypeError or RangeError ERR_INVALID_SPEC for bad options. `lend` rejects with ERR_TOOL_MISSING and ERR_USER_NAMESPACE
 * before anything is done; ERR_SUITE_NOT_FOUND (also when this debootstrap does not know the release), ERR_MIRROR_UNREACHABLE,
 * ERR_SIGNATURE_INVALID, ERR_RELEASE_EXPIRED, ERR_DIGEST_MISMATCH, ERR_PACKAGE_NOT_FOUND, ERR_DEPENDENCY_UNSATISFIED,
 * ERR_ARCHIVE_*, ERR_ABORTED, the codes of the store (ERR_STORE_*), and ERR_ROOTFS_INVALID when debootstrap failed in another way. When
 * it was debootstrap that failed, `cause` has `argv`, `exitCode`, `signal` and `lines`, the last 20 that it said or logged.
 */
export function debootstrapRootfs(
  options: DebootstrapRootfsOptions = {},
): Driver<'rootfs', never, never> {
  const { onProgress, ...wanted } = options
  debootstrapOptions.options(wanted)
  return bootstrapRootfs({
    scheme: 'debootstrap',
    needs: [
      ['unshare', 'util-linux'],
      ['tar', 'tar'],
    ],
    onProgress,
    parse: (reference) => debootstrapOptions.reference(reference, wanted),
    tool: async () => (await import('./build-by-debootstrap.js')).debootstrap,
  })
}
