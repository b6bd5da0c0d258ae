import { defineDriver, LAUNCHER, type Driver, type Probe } from '@caisson/core'
import {
  createPlanIsolation,
  planFeatures,
  probeLauncher,
  type PlanFeature,
} from '@caisson/isolation-kit'
import { launcherModule, type LauncherOptions } from '@caisson/launcher'

/** What `chroot` takes. */
export interface ChrootOptions {
  /** How the launcher is found and run, unless the scope has one already. Default: the one that came with this package. */
  readonly launcher?: LauncherOptions
}

const noBoundary =
  'chroot is no security boundary on its own: the old root stays mounted behind the new one, and it is Landlock alone that ' +
  'keeps a task with CAP_SYS_CHROOT from opening what is there; use pivotRoot() for programs that you do not trust'

async function probe(launcher: Parameters<typeof probeLauncher>[0]): Promise<Probe> {
  const found = await probeLauncher(launcher)
  return { ...found, degraded: [noBoundary, ...found.degraded] }
}

/**
 * Containers by namespaces, a fresh tmpfs on /tmp and chroot(2): the classic lesson. No security boundary on its own, as
 * `probe()` says too. CAP_SYS_CHROOT is not granted unless the spec names it.
 */
export function chroot(options: ChrootOptions = {}): Driver<'isolation', 'disk', PlanFeature> {
  return defineDriver({
    kind: 'isolation',
    name: 'chroot',
    apiVersion: 1,
    limits: ['disk'],
    features: planFeatures,
    modules: [launcherModule(options.launcher)],
    inject: { launcher: LAUNCHER },
    probe: ({ launcher }) => probe(launcher),
    create: ({ launcher }) => createPlanIsolation({ kind: 'chroot', launcher }),
  })
}
