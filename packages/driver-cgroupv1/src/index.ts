export { cgroupV1 } from './cgroup-v1.js'
export type { LimitKeyV1 } from './limit-keys.js'
