export { HostileRoots, hostileScript, hostileTargets } from './hostile-root.js'
export { hostileShapes, type HostileShape } from './hostile-shapes.js'
export { limitProbes, type LimitProbe } from './limit-probes.js'
export type { AnyDriver, DriverFactory } from './manifest-tests.js'
export type { FreshProvider, MakingProgress, RootfsMaking } from './rootfs-making.js'
export type { TestApi } from './test-api.js'
export { testIsolationDriver, type IsolationSuiteOptions } from './test-isolation-driver.js'
export { testLimiter, type LimiterSuiteOptions } from './test-limiter.js'
export {
  testRootfsProvider,
  type BadReference,
  type RootfsSuiteOptions,
} from './test-rootfs-provider.js'
export type { OpenedSnapshotStore, SnapshotStoreSuiteOptions } from './snapshots-bench.js'
export { testSnapshotStore } from './test-snapshot-store.js'
