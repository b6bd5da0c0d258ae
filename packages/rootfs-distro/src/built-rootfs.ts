import { defineDriver, LAUNCHER, type Driver, type Probe } from '@caisson/core'
import { launcherModule } from '@caisson/launcher'
import { LAYER_STORE, layerStoreModule } from '@caisson/layer-store/shared'
import type { BuiltRoots, RootOrder, RootTools } from './built-roots.js'

/** What one provider of built roots has of its own. */
export interface BuiltRootfs {
  /** Its name, and the scheme that it serves. */
  readonly scheme: string
  readonly onProgress: RootTools['onProgress']
  readonly probe: () => Promise<Probe>
  /** What a reference asks for. @throws TypeError or RangeError ERR_INVALID_SPEC; CaissonError of the provider */
  readonly order: (reference: string, tools: RootTools) => Promise<RootOrder>
}

/** A driver whose roots are built by a recipe and kept in the layer store. */
export function builtRootfs(own: BuiltRootfs): Driver<'rootfs', never, never> {
  const { scheme, onProgress, probe, order } = own
  return defineDriver({
    kind: 'rootfs',
    name: scheme,
    apiVersion: 1,
    schemes: [scheme],
    modules: [launcherModule(), layerStoreModule()],
    inject: { launcher: LAUNCHER, store: LAYER_STORE },
    probe,
    create: ({ launcher, store }) => {
      // archives, signatures and a store are loaded when the first root is wanted
      let roots: BuiltRoots | undefined
      return {
        schemes: [scheme],
        async lend({ reference, signal }) {
          const { BuiltRoots: Roots, throwIfGivenUp } = await import('./built-roots.js')
          throwIfGivenUp(signal, `${scheme}:`)
          const wanted = await order(reference, { launcher, onProgress })
          roots ??= new Roots(scheme, store, onProgress)
          return roots.lend(wanted, signal)
        },
      }
    },
  })
}
