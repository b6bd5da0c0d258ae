export type {
  Bytes,
  Change,
  Collected,
  Committed,
  Container,
  CopyOnWriteOption,
  DetachedContainer,
  DetachedInfo,
  DiskUsage,
  DoctorReport,
  Duration,
  EndReason,
  Engine,
  ErrorCode,
  Exec,
  ExecEvent,
  ExecOptions,
  ExecResult,
  LimitKey,
  Limits,
  Mount,
  Pruned,
  RunOptions,
  Snapshot,
  SnapshotOptions,
  Spec,
  StoreUsage,
  Usage,
  WaitOptions,
  WaitTarget,
  DirectoryEntry,
  Files,
  FileStats,
  WatchEvent,
} from '@caisson/core'
export { CaissonError, CommandFailed, isCaissonError } from '@caisson/core'
export { chroot, type ChrootOptions } from '@caisson/driver-chroot'
export { pivotRoot, type PivotRootOptions } from '@caisson/driver-pivotroot'
export { cgroupV1 } from '@caisson/driver-cgroupv1'
export { cgroupV2, type CgroupV2Options } from '@caisson/driver-cgroupv2'
export { rlimits, type RlimitKey } from '@caisson/driver-rlimits'
export type { LayerStore } from '@caisson/layer-store'
export {
  debianRootfs,
  debootstrapRootfs,
  mmdebstrapRootfs,
  type BuildProgress,
  type DebianRootfsOptions,
  type DebootstrapRootfsOptions,
  type MmdebstrapRootfsOptions,
} from '@caisson/rootfs-distro'
export {
  busyboxRootfs,
  dirRootfs,
  hostRootfs,
  type BusyboxProgress,
  type BusyboxRootfsOptions,
  type HostRootfsOptions,
} from '@caisson/rootfs-local'
export { tarRootfs, type TarProgress, type TarRootfsOptions } from '@caisson/rootfs-tar'
export { createEngine, type DefaultIsolation } from './create-engine.js'
export type { PassedOverDriver, Picked, PickedDriver } from './picked.js'
export type { PresetEngine } from './preset-engine.js'
export type { DefaultLimiter } from './pick-limiters.js'
export type { IsolationOption, PresetLimits, PresetOptions } from './preset-options.js'
export { run, type DefaultLimits } from './run.js'
