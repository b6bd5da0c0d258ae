import { CaissonError } from '@caisson/core'
import type { Tracker } from './tracker.js'

/** How long the killed may take. */
export const DIE_MS = 10_000

/**
 * Kills every process of a group and of those below it, whatever they fork meanwhile; settles when none is left. Idempotent.
 * @throws CaissonError ERR_LIMIT when some stay
 */
export async function killGroup(tracker: Tracker, driver: string): Promise<void> {
  await tracker.kill()
  if (await tracker.waitEmpty(DIE_MS)) return
  throw new CaissonError({
    code: 'ERR_LIMIT',
    what: 'processes not killed',
    subject: tracker.directory,
    why: `some are left after ${DIE_MS} ms`,
    driver,
    retryable: true,
  })
}
