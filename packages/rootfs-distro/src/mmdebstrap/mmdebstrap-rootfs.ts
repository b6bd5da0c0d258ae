import { trustedProgram, type Driver, type Probe } from '@caisson/core'
import { builtRootfs } from '../built-rootfs.js'
import { ownKeyring } from '../own-keyring.js'
import type { BuildProgress } from '../progress.js'
import {
  parseMmdebstrapOptions,
  parseMmdebstrapReference,
  type MmdebstrapOptions,
} from './mmdebstrap-options.js'

export interface MmdebstrapRootfsOptions extends MmdebstrapOptions {
  /** Told how far a root is that is being built. */
  readonly onProgress?: (progress: BuildProgress) => void
}

async function probe(): Promise<Probe> {
  const { lackOfIds } = await import('./privilege.js')
  const root = process.geteuid?.() === 0
  const program = trustedProgram('mmdebstrap')
  const lack = root ? undefined : lackOfIds()
  const missing = [
    ...(program === undefined
      ? [{ what: 'mmdebstrap is not installed', fix: 'apt-get install mmdebstrap' }]
      : []),
    ...(lack === undefined ? [] : [lack]),
  ]
  const facts = { mmdebstrap: program ?? 'none', mode: root ? 'root' : 'unshare' }
  return { ok: missing.length === 0, missing, degraded: [], facts }
}

/**
 * `from: 'mmdebstrap:'`, `'mmdebstrap:bookworm?variant=extract&packages=busybox-static'`: a root of Debian made by mmdebstrap(1) of
 * the host, maintainer scripts and all. As root in its mode `root`, else in `unshare`, which needs newuidmap and 65536 ids in
 * /etc/subuid and /etc/subgid. Its archive is unpacked by Caisson into the layer store, once for equal indexes and packages;
 * asked again after `maxAge` whether there are updates. For roots without the tool, see `debianRootfs`.
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
  parseMmdebstrapOptions(wanted)
  return builtRootfs({
    scheme: 'mmdebstrap',
    onProgress,
    probe,
    order: async (reference, tools) => {
      const request = parseMmdebstrapReference(reference, wanted)
      const { resolveSources } = await import('../debian/resolve-sources.js')
      const { mmdebstrapOrder } = await import('./mmdebstrap-root.js')
      return mmdebstrapOrder(await resolveSources('mmdebstrap', request, ownKeyring), tools)
    },
  })
}
