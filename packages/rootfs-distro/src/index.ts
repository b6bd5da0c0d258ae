export { configurePackages, type ConfigurableContainer } from './debian/configure-packages.js'
export type { DebianOptions } from './debian/debian-options.js'
export { debianRootfs, type DebianRootfsOptions } from './debian/debian-rootfs.js'
export type { SourceOptions } from './debian/source-options.js'
export type { DebootstrapOptions, DebootstrapVariant } from './debootstrap/debootstrap-options.js'
export {
  debootstrapRootfs,
  type DebootstrapRootfsOptions,
} from './debootstrap/debootstrap-rootfs.js'
export type { DnfOptions, DnfRepository } from './dnf/dnf-options.js'
export { dnfRootfs, type DnfRootfsOptions } from './dnf/dnf-rootfs.js'
export type { MmdebstrapOptions, MmdebstrapVariant } from './mmdebstrap/mmdebstrap-options.js'
export { mmdebstrapRootfs, type MmdebstrapRootfsOptions } from './mmdebstrap/mmdebstrap-rootfs.js'
export type { BuildProgress } from './progress.js'
export type { ToolFailure } from './tools/tool-failure.js'
