import { readHostLimits } from './host-limits.js'
import type { RlimitKey } from './rlimit-table.js'

/** The greatest value of a limit that may be asked for in this process: its own hard limit. Undefined: any. */
export function highestLimit(key: RlimitKey): number | undefined {
  const { hard, mayRaise } = readHostLimits()
  const limit = hard.get(key)
  return limit === undefined || mayRaise ? undefined : Number(limit)
}
