import type { ProcessEnd } from '../contracts/process.js'
import type { EndReason } from './end-reason.js'

/** A signal that we sent, and why. */
export interface Deed {
  readonly reason: 'cpu-time' | 'wall-time' | 'idle' | 'output-limit' | 'aborted' | 'killed'
  readonly signal: NodeJS.Signals
  /** It asked the command to end: however it ends after that, this is why. Default false. */
  readonly final?: boolean
}

/** What limits have to say of an end. */
export type LimitVerdict = (end: ProcessEnd) => EndReason | undefined

/**
 * Why a command ended. In this order:
 * 1. what we did: the first of our signals that is the one that ended it (a command that exits by itself while our
 *    signal is under way, or that handles it, has exited; but one that wrote too much has done so however it ended), or
 *    that asked it to end;
 * 2. what a limit did: the first limit that says it was it, in the order of the limiters;
 * 3. `signal` or `exit`, as the kernel tells it.
 */
export function decideReason(
  end: ProcessEnd,
  deeds: readonly Deed[],
  verdicts: readonly LimitVerdict[],
): EndReason {
  const deed = deeds.find(
    ({ reason, signal, final }) =>
      final === true || signal === end.signal || reason === 'output-limit',
  )
  if (deed !== undefined) return deed.reason
  for (const verdict of verdicts) {
    const reason = verdict(end)
    if (reason !== undefined) return reason
  }
  return end.signal === null ? 'exit' : 'signal'
}
