import { defineDriver, LAUNCHER, type Driver } from '@caisson/core'
import {
  createPlanIsolation,
  planFeatures,
  probeLauncher,
  type PlanFeature,
} from '@caisson/isolation-kit'
import { launcherModule, type LauncherOptions } from '@caisson/launcher'

/** What `pivotRoot` takes. */
export interface PivotRootOptions {
  /** How the launcher is found and run, unless the scope has one already. Default: the one that came with this package. */
  readonly launcher?: LauncherOptions
}

/**
 * Containers by namespaces and pivot_root(2): no mount but the container's own is left in its mount namespace. The default
 * driver, as root and as a user.
 */
export function pivotRoot(
  options: PivotRootOptions = {},
): Driver<'isolation', 'disk', PlanFeature> {
  return defineDriver({
    kind: 'isolation',
    name: 'pivotroot',
    apiVersion: 1,
    limits: ['disk'],
    features: planFeatures,
    modules: [launcherModule(options.launcher)],
    inject: { launcher: LAUNCHER },
    probe: ({ launcher }) => probeLauncher(launcher),
    create: ({ launcher }) => createPlanIsolation({ kind: 'pivot', launcher }),
  })
}
