// What the conformance kit starts in other processes and threads.
import { cgroupV2 } from '@caisson/driver-cgroupv2'

/** Root takes the top of the tree, where that is nobody else's; a user has to make room in the group that was given to it. */
export const driver = () => cgroupV2({ adoptOwnCgroup: process.getuid?.() !== 0 })
export { pivotRoot as isolation } from '@caisson/driver-pivotroot'
