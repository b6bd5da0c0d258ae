import { CaissonError } from '../errors/caisson-error.js'

/** @throws CaissonError ERR_ABORTED when the signal was given */
export function checkAbort(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new CaissonError({
    code: 'ERR_ABORTED',
    what: 'file operation',
    why: 'its signal was given',
    cause: signal.reason,
  })
}
