export { rlimits } from './rlimits.js'
export type { RlimitKey } from './rlimit-table.js'
