import type { EndReason, ProcessEnd } from '@caisson/core'
import { constants } from 'node:os'

/** The limit is watched by sampling at clock ticks, rusage is exact: SIGXCPU has been seen at 0.92 of the time. */
const SAMPLED = 0.8
/** How a shell reports a child that SIGXCPU ended. */
const SHELL_SIGXCPU = 128 + constants.signals.SIGXCPU

/** What decides. */
export interface ReasonLimits {
  readonly cpuTimeMs?: number | undefined
  readonly fileSize?: boolean
}

/** Which of these limits ended the command, undefined when none did. */
export function rlimitReason(limits: ReasonLimits, end: ProcessEnd): EndReason | undefined {
  if (limits.cpuTimeMs !== undefined) {
    if (end.signal === 'SIGXCPU') return 'cpu-time'
    // SIGKILL and a shell's exit code come for other causes too: only the CPU time used tells.
    const usedMs = end.userMs + end.systemMs
    if (end.signal === 'SIGKILL' && usedMs >= limits.cpuTimeMs) return 'cpu-time'
    if (end.exitCode === SHELL_SIGXCPU && usedMs >= limits.cpuTimeMs * SAMPLED) return 'cpu-time'
  }
  return limits.fileSize === true && end.signal === 'SIGXFSZ' ? 'disk-limit' : undefined
}
