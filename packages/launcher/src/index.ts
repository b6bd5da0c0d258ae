export { createLauncher } from './launcher-client.js'
export type { LauncherOptions } from './launcher-client.js'
export { launcherModule } from './launcher-module.js'
export { launcherPath } from './launcher-path.js'
