export { chroot, type ChrootOptions } from './chroot.js'
