import type { Driver } from '@caisson/core'
import { bootstrapRootfs } from '../bootstrap/bootstrap-rootfs.js'
import type { BuildProgress } from '../progress.js'
import { mmdebstrapOptions, type MmdebstrapOptions } from './mmdebstrap-options.js'

export interface MmdebstrapRootfsOptions extends MmdebstrapOptions {
  /** Told how far a root is that is being built. */
  readonly onProgress?: (progress: BuildProgress) => void
}

/**
 * `from: 'mmdebstrap:'`, `'mmdebstrap:bookworm?variant=extract&packages=busybox-static'`: a root of Debian made by mmdebstrap(1) of
 * the host, maintainer scripts and all. As root in its mode `root`, with mounts of its own by unshare(1); else in `unshare`, which
 * needs newuidmap and 65536 ids in /etc/subuid and /etc/subgid. Its archive is unpacked by Caisson into the layer store, once for
 * equal indexes and packages; asked again after `maxAge` whether there are updates. For roots without the tool, see `debianRootfs`.
 *
 * Throws TypeError or RangeError ERR_INVALID_SPEC for bad options. `lend` rejects with ERR_TOOL_MISSING and ERR_USER_NAMESPACE
 * before anything is done; ERR_SUITE_NOT_FOUND, ERR_MIRROR_UNREACHABLE, ERR_SIGNATURE_INVALID, ERR_RELEASE_EXPIRED,
 * ERR_PACKAGE_NOT_FOUND, ERR_DEPENDENCY_UNSATISFIED, ERR_ARCH_UNSUPPORTED, ERR_ARCHIVE_*, ERR_ABORTED, the codes of the store
 * (ERR_STORE_*), and ERR_ROOTFS_INVALID when mmdebstrap failed in another way. When it was mmdebstrap that failed, `cause` has
 * `argv`, `exitCode`, `signal` and `lines`, the last 20 that it said.
 */
export function mmdebstrapRootfs(
  options: MmdebstrapRootfsOptions = {},
): Driver<'rootfs', never, never> {
  const { onProgress, ...wanted } = options
  mmdebstrapOptions.options(wanted)
  return bootstrapRootfs({
    scheme: 'mmdebstrap',
    needs: process.geteuid?.() === 0 ? [['unshare', 'util-linux']] : [],
    onProgress,
    parse: (reference) => mmdebstrapOptions.reference(reference, wanted),
    tool: async () => (await import('./build-by-mmdebstrap.js')).mmdebstrap,
  })
}
