export { busyboxRootfs, type BusyboxRootfsOptions } from './busybox-rootfs.js'
export type { BusyboxProgress } from './progress.js'
export { dirRootfs } from './dir-rootfs.js'
export { hostRootfs, type HostRootfsOptions } from './host-rootfs.js'
