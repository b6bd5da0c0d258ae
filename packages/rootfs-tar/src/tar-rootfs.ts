import { defineDriver, LAUNCHER, type Driver, type Probe } from '@caisson/core'
import { launcherModule } from '@caisson/launcher'
import { LAYER_STORE, layerStoreModule } from '@caisson/layer-store/shared'
import { throwIfAborted } from './tar-error.js'
import { parseTarOptions, type TarRootfsOptions } from './tar-options.js'
import type { TarRoots } from './tar-roots.js'

const fixes: Readonly<Record<'zstd' | 'xz', string>> = {
  zstd: 'apt-get install zstd',
  xz: 'apt-get install xz-utils',
}

async function probe(): Promise<Probe> {
  const { decompressorOf } = await import('@caisson/tar')
  const found = { zstd: decompressorOf('zstd'), xz: decompressorOf('xz') }
  const degraded = (['zstd', 'xz'] as const)
    .filter((name) => found[name] === 'library')
    .map((name) => `archives packed by ${name} take several times as long (${fixes[name]})`)
  return { ok: true, missing: [], degraded, facts: { gzip: decompressorOf('gzip'), ...found } }
}

/**
 * `from: 'tar:/srv/root.tar.zst'`: a root out of a tar archive, plain or packed by gzip, zstd or xz, which its first bytes tell;
 * and `tar:<name>` out of a stream (`archives`). A relative path is of the working directory. Unpacked once, in a jail, and kept in
 * the layer store, shared by all processes; a file that is as it was is not read again. Once for all who want it at the same
 * time; given up when the last of them is.
 *
 * Owners are the container's ids. A user without ranges (/etc/subuid) has one id: everything belongs to root then. Devices are made
 * for root alone. An archive with whiteouts (`.wh.`) is a layer of an image and no root: ERR_ARCHIVE_UNSAFE.
 *
 * Throws TypeError or RangeError ERR_INVALID_SPEC for bad options. `lend` rejects with ERR_ROOTFS_NOT_FOUND, ERR_ROOTFS_INVALID
 * (no regular file, unreadable, changed while it was read), ERR_ARCHIVE_CORRUPT (offset and entry), ERR_ARCHIVE_UNSAFE,
 * ERR_ARCHIVE_LIMIT, ERR_DIGEST_MISMATCH, ERR_TOOL_MISSING (of the store), ERR_ABORTED, the codes of the store (ERR_STORE_*), and
 * with what a stream fails with. Nothing is left behind then.
 */
export function tarRootfs(options: TarRootfsOptions = {}): Driver<'rootfs', never, never> {
  const parsed = parseTarOptions(options)
  return defineDriver({
    kind: 'rootfs',
    name: 'tar',
    apiVersion: 1,
    schemes: ['tar'],
    modules: [launcherModule(), layerStoreModule()],
    inject: { launcher: LAUNCHER, store: LAYER_STORE },
    probe,
    create: ({ launcher, store }) => {
      // archives and the store are loaded when the first root is wanted
      let roots: Promise<TarRoots> | undefined
      const load = async (): Promise<TarRoots> => {
        const module = await import('./tar-roots.js')
        return new module.TarRoots({ launcher, store, ...parsed })
      }
      return {
        schemes: ['tar'],
        async lend({ reference, signal }) {
          throwIfAborted(signal, `tar:${reference}`)
          roots ??= load()
          return (await roots).lend(reference, signal)
        },
      }
    },
  })
}
