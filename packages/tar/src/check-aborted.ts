import { CaissonError } from '@caisson/core'

/** @throws CaissonError ERR_ABORTED */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new CaissonError({ code: 'ERR_ABORTED', what: 'archive', cause: signal.reason })
}
