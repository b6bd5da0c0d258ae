import type { Account, EndReason, ProcessEnd } from '@caisson/core'

/**
 * Which limit of control groups ended a command, by what was counted of it.
 * @param limitsPids whether the number of its processes was limited at all
 */
export function judgeEnd(
  end: ProcessEnd,
  { oomKills = 0, pidsRefused = 0 }: Pick<Account, 'oomKills' | 'pidsRefused'>,
  limitsPids: boolean,
): EndReason | undefined {
  if (end.signal === 'SIGKILL' && oomKills > 0) return 'oom'
  const failed = end.exitCode === null ? end.signal === 'SIGABRT' : end.exitCode !== 0
  return failed && pidsRefused > 0 && limitsPids ? 'pids' : undefined
}
