// What the conformance kit starts in other processes and threads.
import { cgroupV2 } from '@caisson/driver-cgroupv2'

export const driver = () => cgroupV2({ systemd: true })
export { pivotRoot as isolation } from '@caisson/driver-pivotroot'
