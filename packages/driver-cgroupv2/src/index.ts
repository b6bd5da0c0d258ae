export { cgroupV2, type CgroupV2Options } from './cgroup-v2.js'
