// What the conformance kit starts in other processes and threads.
export { cgroupV1 as driver } from '@caisson/driver-cgroupv1'
export { pivotRoot as isolation } from '@caisson/driver-pivotroot'
