import type { ProcessEnd } from '../contracts/process.js'
import type { Account } from '../contracts/resource-limiter.js'
import type { LimitVerdict } from '../result/decide-reason.js'
import type { EndReason } from '../result/end-reason.js'
import type { LimitKey } from '../spec/limits.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'
import type { Launch } from './launch.js'

/** What was counted of a command that ended, with all that it started. */
export function accountOf({ own }: Launch, end: ProcessEnd): Account | undefined {
  return own.account(end)
}

/** Limits in force for a command. */
export function enforcedOf({ own, outer }: Launch): readonly LimitKey[] {
  return [...new Set([...own.enforced, ...(outer?.enforced ?? [])])]
}

/** Their values; the command's own where both have one. */
export function effectiveOf({ own, outer }: Launch): ParsedLimits {
  return Object.freeze({ ...outer?.effective(), ...own.effective() })
}

/** What limiters say is weaker than asked for. */
export function degradedOf({ own, outer }: Launch): readonly string[] {
  return [...new Set([...own.degraded(), ...(outer?.degraded() ?? [])])]
}

const failed = (end: ProcessEnd): boolean => end.signal !== null || end.exitCode !== 0

/** What counters say of an end: a kill for want of memory ended it; it failed, and forks were refused. */
function verdictOf(account: Account): LimitVerdict {
  return (end) => {
    if (end.signal === 'SIGKILL' && (account.oomKills ?? 0) > 0) return 'oom'
    return failed(end) && (account.pidsRefused ?? 0) > 0 ? 'pids' : undefined
  }
}

/** A full disk is no proof, but the best there is: nobody counts the writes that failed. */
export function diskVerdict(end: ProcessEnd): EndReason | undefined {
  return failed(end) && end.diskFull !== undefined ? 'disk-limit' : undefined
}

/** Whom to ask why a command ended: what counts, the command's own limits, the container's, the disk. */
export function verdictsOf(launch: Launch, account: Account | undefined): readonly LimitVerdict[] {
  const { own, outer } = launch
  const counted = account === undefined ? [] : [verdictOf(account)]
  return [...counted, ...own.verdicts, ...(outer?.verdicts ?? []), diskVerdict]
}
