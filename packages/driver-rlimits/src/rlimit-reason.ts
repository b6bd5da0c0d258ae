import type { EndReason, ProcessEnd } from '@caisson/core'
import { constants } from 'node:os'

/** The kernel's clock tick: rusage may lag behind the timer that sent the signal by as much. */
const TICK_MS = 10
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
    const killed = end.signal === 'SIGKILL' || end.exitCode === SHELL_SIGXCPU
    if (killed && end.userMs + end.systemMs >= limits.cpuTimeMs - TICK_MS) return 'cpu-time'
  }
  return limits.fileSize === true && end.signal === 'SIGXFSZ' ? 'disk-limit' : undefined
}
