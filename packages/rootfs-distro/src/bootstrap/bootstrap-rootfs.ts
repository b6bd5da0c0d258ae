import type { Driver } from '@caisson/core'
import { builtRootfs } from '../built-rootfs.js'
import type { SourceRequest } from '../debian/source-options.js'
import { ownKeyring } from '../own-keyring.js'
import type { BuildProgress } from '../progress.js'
import { probeTools, type NeededProgram } from '../tools/probe-tools.js'
import type { BootstrapRequest } from './bootstrap-options.js'
import type { Bootstrapper } from './bootstrap-order.js'

/** What the provider of one tool has of its own. */
export interface BootstrapRootfs {
  /** The tool, the package that has it, and the scheme: all of one name. */
  readonly scheme: string
  /** Programs that it needs beside itself, and the packages that have them. */
  readonly needs: readonly NeededProgram[]
  readonly onProgress: ((progress: BuildProgress) => void) | undefined
  /** @throws TypeError or RangeError ERR_INVALID_SPEC */
  readonly parse: (reference: string) => BootstrapRequest & SourceRequest
  /** Loaded when the first root is wanted. */
  readonly tool: () => Promise<Bootstrapper>
}

/** A driver whose roots a tool of the host makes out of a mirror of Debian. */
export function bootstrapRootfs(own: BootstrapRootfs): Driver<'rootfs', never, never> {
  const { scheme, needs, onProgress, parse, tool } = own
  return builtRootfs({
    scheme,
    onProgress,
    probe: () => probeTools([[scheme, scheme], ...needs]),
    order: async (reference, tools) => {
      const request = parse(reference)
      const { resolveSources } = await import('../debian/resolve-sources.js')
      const { bootstrapOrder } = await import('./bootstrap-order.js')
      return bootstrapOrder(await tool(), await resolveSources(scheme, request, ownKeyring), tools)
    },
  })
}
