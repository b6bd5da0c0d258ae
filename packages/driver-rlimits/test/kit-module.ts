// What the conformance kit starts in other processes and threads.
export { pivotRoot as isolation } from '@caisson/driver-pivotroot'
export { rlimits as driver } from '@caisson/driver-rlimits'
