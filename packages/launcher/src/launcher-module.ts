import type { DriverModule } from '@caisson/core'
import { LAUNCHER, STATE_DIR } from '@caisson/core'
import { optional } from '@caisson/core/di'
import type { LauncherOptions } from './launcher-client.js'
import { createLauncher } from './launcher-client.js'

/**
 * Registers a launcher for the scope's drivers, unless there is one. The scope ends it.
 * @param options as of `createLauncher`; `stateDir` is the scope's when it has one
 */
export function launcherModule(options: LauncherOptions = {}): DriverModule {
  return Object.freeze({
    name: '@caisson/launcher',
    install(scope) {
      if (scope.has(LAUNCHER)) return
      scope.provide(LAUNCHER, { stateDir: optional(STATE_DIR) }, ({ stateDir }) =>
        createLauncher({ ...(stateDir === undefined ? {} : { stateDir }), ...options }),
      )
    },
  } satisfies DriverModule)
}
