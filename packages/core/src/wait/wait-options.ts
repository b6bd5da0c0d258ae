import type { Duration } from '../values/duration.js'

/** How long to wait. */
export interface WaitOptions {
  /** Default 30s. ERR_WAIT_TIMEOUT then. */
  readonly timeout?: Duration
  /** Gives up with ERR_ABORTED. */
  readonly signal?: AbortSignal
}
