import { trustedProgram, type Driver, type Probe } from '@caisson/core'
import { builtRootfs } from '../built-rootfs.js'
import type { SourceRequest } from '../debian/source-options.js'
import { ownKeyring } from '../own-keyring.js'
import type { BuildProgress } from '../progress.js'
import type { BootstrapRequest } from './bootstrap-options.js'
import type { Bootstrapper } from './bootstrap-order.js'

/** What the provider of one tool has of its own. */
export interface BootstrapRootfs {
  /** The tool, the package that has it, and the scheme: all of one name. */
  readonly scheme: string
  /** Programs that it needs beside itself, and the packages that have them. */
  readonly needs: readonly (readonly [program: string, debianPackage: string])[]
  readonly onProgress: ((progress: BuildProgress) => void) | undefined
  /** @throws TypeError or RangeError ERR_INVALID_SPEC */
  readonly parse: (reference: string) => BootstrapRequest & SourceRequest
  /** Loaded when the first root is wanted. */
  readonly tool: () => Promise<Bootstrapper>
}

async function probe(scheme: string, needs: BootstrapRootfs['needs']): Promise<Probe> {
  const { lackOfIds } = await import('./privilege.js')
  const root = process.geteuid?.() === 0
  const lack = root ? undefined : lackOfIds()
  const missing = [[scheme, scheme] as const, ...needs]
    .filter(([program]) => trustedProgram(program) === undefined)
    .map(([program, debianPackage]) => ({
      what: `${program} is not installed`,
      fix: `apt-get install ${debianPackage}`,
    }))
  if (lack !== undefined) missing.push(lack)
  const facts = { [scheme]: trustedProgram(scheme) ?? 'none', mode: root ? 'root' : 'unshare' }
  return { ok: missing.length === 0, missing, degraded: [], facts }
}

/** A driver whose roots a tool of the host makes out of a mirror of Debian. */
export function bootstrapRootfs(own: BootstrapRootfs): Driver<'rootfs', never, never> {
  const { scheme, needs, onProgress, parse, tool } = own
  return builtRootfs({
    scheme,
    onProgress,
    probe: () => probe(scheme, needs),
    order: async (reference, tools) => {
      const request = parse(reference)
      const { resolveSources } = await import('../debian/resolve-sources.js')
      const { bootstrapOrder } = await import('./bootstrap-order.js')
      return bootstrapOrder(await tool(), await resolveSources(scheme, request, ownKeyring), tools)
    },
  })
}
