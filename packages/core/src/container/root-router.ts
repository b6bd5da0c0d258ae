import type { RootLease } from '../contracts/root-lease.js'
import type { RootfsProvider } from '../contracts/rootfs-provider.js'
import { invalidArgument } from '../errors/invalid-argument.js'

/** A root named, and who lends it. */
export interface RootSource {
  lend(id: string, signal: AbortSignal | undefined): Promise<RootLease>
}

/** Picks the provider by the scheme of `from`. */
export class RootRouter {
  readonly #providers: ReadonlyMap<string, RootfsProvider>

  /** @param providers by scheme */
  constructor(providers: ReadonlyMap<string, RootfsProvider>) {
    this.#providers = providers
  }

  /**
   * Who lends the root.
   * @throws TypeError ERR_ROOTFS_SCHEME listing the schemes there are
   */
  find(from: string): RootSource {
    const colon = from.indexOf(':')
    const scheme = colon < 0 ? '' : from.slice(0, colon)
    const provider = this.#providers.get(scheme)
    if (provider === undefined) throw this.#unknown(from, colon < 0)
    const reference = from.slice(colon + 1)
    return {
      lend: (id, signal) =>
        provider.lend(signal === undefined ? { id, reference } : { id, reference, signal }),
    }
  }

  #unknown(from: string, bare: boolean): TypeError {
    const schemes = [...this.#providers.keys()].map((scheme) => `${scheme}:`).join(', ')
    const guess = this.#providers.has('dir') && from.startsWith('/') ? `dir:${from}` : undefined
    return invalidArgument({
      field: 'from',
      code: 'ERR_ROOTFS_SCHEME',
      subject: from.slice(0, 200),
      why: `${bare ? 'it has no scheme' : 'no provider answers to its scheme'}; there are ${schemes}`,
      ...(guess === undefined ? {} : { fix: `Write \`${guess}\`.` }),
    })
  }
}
