import type { Driver, Probe } from '@caisson/core'
import { builtRootfs } from '../built-rootfs.js'
import { ownKeyring } from '../own-keyring.js'
import type { BuildProgress } from '../progress.js'
import { parseDebianOptions, parseDebianReference, type DebianOptions } from './debian-options.js'

export interface DebianRootfsOptions extends DebianOptions {
  /** Told how far a root is that is being built. */
  readonly onProgress?: (progress: BuildProgress) => void
}

async function probe(mirror: string | undefined): Promise<Probe> {
  const { hostSources } = await import('./apt-sources.js')
  const { hostRelease } = await import('./release-sources.js')
  const { signatureTool } = await import('./verify-release.js')
  const sources = await hostSources()
  const release = hostRelease(sources)
  const tool = await signatureTool()
  const missing = [
    ...(tool === undefined
      ? [
          {
            what: 'nothing can check signatures',
            fix: 'apt-get install gpgv (or npm install openpgp)',
          },
        ]
      : []),
    ...(mirror === undefined && release === undefined
      ? [
          {
            what: 'apt on this host has no mirror of Debian',
            fix: 'Give debianRootfs({ mirror, suite }).',
          },
        ]
      : []),
  ]
  const facts = { signatures: tool ?? 'none', release: release ?? 'none' }
  return { ok: missing.length === 0, missing, degraded: [], facts }
}

/**
 * `from: 'debian:'`, `'debian:bookworm'`, `'debian:bookworm?packages=gcc,libc6-dev'`: a root built of Debian's packages and all
 * that they depend on, out of a signed index; needs neither root nor apt nor dpkg. Built once and kept in the layer store,
 * shared by all processes; asked again after `maxAge` whether there are updates. Maintainer scripts are not run: what they
 * would do for programs to work (users, links of alternatives, certificates) is done, the rest is left to
 * `dpkg --configure -a` in a container.
 *
 * Throws TypeError or RangeError ERR_INVALID_SPEC for bad options. `lend` rejects with ERR_SUITE_NOT_FOUND,
 * ERR_ARCH_UNSUPPORTED, ERR_MIRROR_UNREACHABLE, ERR_SIGNATURE_INVALID, ERR_RELEASE_EXPIRED, ERR_PACKAGE_NOT_FOUND,
 * ERR_DEPENDENCY_UNSATISFIED, ERR_DIGEST_MISMATCH, ERR_ARCHIVE_CORRUPT, ERR_TOOL_MISSING, ERR_ABORTED and the codes of the
 * store (ERR_STORE_*).
 */
export function debianRootfs(options: DebianRootfsOptions = {}): Driver<'rootfs', never, never> {
  const { onProgress, ...wanted } = options
  parseDebianOptions(wanted)
  return builtRootfs({
    scheme: 'debian',
    onProgress,
    probe: () => probe(wanted.mirror),
    order: async (reference, tools) => {
      const request = parseDebianReference(reference, wanted)
      const { resolveRequest } = await import('./resolve-root.js')
      const { debianOrder } = await import('./debian-root.js')
      return debianOrder(await resolveRequest(request, ownKeyring), tools)
    },
  })
}
