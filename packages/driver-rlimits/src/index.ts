export { highestLimit } from './highest-limit.js'
export { rlimits } from './rlimits.js'
export type { RlimitKey } from './rlimit-table.js'
