import {
  DATA_DIR,
  defineDriver,
  elsewhere,
  ownPlaces,
  relationTo,
  STATE_DIR,
  type Driver,
  type OwnPlace,
  type RootLease,
} from '@caisson/core'
import { optional } from '@caisson/core/di'
import { lendDirectory } from './dir-root.js'
import { rootfsError, throwIfAborted } from './rootfs-error.js'

const REMEMBERED = 512

/** What an engine keeps for itself is shown to no container: not by its root either. */
class DirectoryLender {
  readonly #places: readonly OwnPlace[]
  /** Keys of those that were looked at: that takes as long as all else together. */
  readonly #fine = new Set<string>()

  constructor(places: readonly OwnPlace[]) {
    this.#places = places
  }

  lend(reference: string): RootLease {
    const lease = lendDirectory(reference)
    if (this.#fine.has(lease.key)) return lease
    for (const place of this.#places) {
      const why = relationTo(place, reference)
      if (why === undefined) continue
      const fix = `Name a directory beside it, ${elsewhere(place, reference)}.`
      throw rootfsError('ERR_ROOTFS_INVALID', reference, why, fix)
    }
    if (this.#fine.size >= REMEMBERED) this.#fine.clear()
    this.#fine.add(lease.key)
    return lease
  }
}

/**
 * `from: 'dir:/srv/root'`: an existing directory as root, copy-on-write (or read-only with `readonlyRoot`). The directory
 * is never written. A change made to it by others while containers run on it shows in them in undefined ways.
 *
 * `lend` rejects with ERR_ROOTFS_NOT_FOUND (missing, or a dangling link), ERR_ROOTFS_NOT_DIRECTORY, ERR_ROOTFS_INVALID
 * (relative, NUL, the host's own `/`, one that lies in the engine's state or data directory or holds it), ERR_ABORTED. It takes microseconds: there is no progress to tell of.
 */
export function dirRootfs(): Driver<'rootfs', never, never> {
  return defineDriver({
    kind: 'rootfs',
    name: 'dir',
    apiVersion: 1,
    schemes: ['dir'],
    probe: () => Promise.resolve({ ok: true, missing: [], degraded: [], facts: {} }),
    inject: { stateDir: optional(STATE_DIR), dataDir: optional(DATA_DIR) },
    create: (own) => {
      const lender = new DirectoryLender(ownPlaces(own))
      return {
        schemes: ['dir'],
        // async: what is wrong with a reference rejects, it is not thrown
        async lend({ reference, signal }) {
          throwIfAborted(signal, `dir:${reference}`)
          return lender.lend(reference)
        },
      }
    },
  })
}
