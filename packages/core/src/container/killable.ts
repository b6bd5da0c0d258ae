import type { LaunchedProcess } from '../contracts/process.js'
import type { LimitLease } from '../contracts/resource-limiter.js'
import type { Freezer } from './freezer.js'

/** A command whose death does not wait for a thaw. */
export function killable(
  process: LaunchedProcess,
  leases: readonly LimitLease[],
  freezer: Freezer,
  warn: (error: unknown) => void,
): LaunchedProcess {
  // those that need no freezer pay nothing for it
  if (leases.every((lease) => lease.freeze === undefined)) return process
  return {
    get started() {
      return process.started
    },
    get ended() {
      return process.ended
    },
    signal: (signal, final) => {
      process.signal(signal, final)
      if (signal === 'SIGKILL' && freezer.cold) freezer.thaw().catch(warn)
    },
    ...(process.resize === undefined ? {} : { resize: (size) => process.resize?.(size) }),
  }
}
