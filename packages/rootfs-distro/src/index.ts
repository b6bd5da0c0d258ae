export { configurePackages, type ConfigurableContainer } from './debian/configure-packages.js'
export type { DebianOptions } from './debian/debian-options.js'
export { debianRootfs, type DebianRootfsOptions } from './debian/debian-rootfs.js'
export type { BuildProgress } from './progress.js'
