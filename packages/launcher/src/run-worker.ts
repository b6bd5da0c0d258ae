import type { LaunchedProcess } from '@caisson/core'
import { CaissonError, errnoName } from '@caisson/core'

const ENOSPC = 28
const EDQUOT = 122

/**
 * Waits for a worker of the launcher whose exit code is an errno.
 * @throws CaissonError ERR_STORE_SPACE, ERR_LAUNCH
 */
export async function runWorker(
  launched: LaunchedProcess,
  what: string,
  subject: string,
): Promise<void> {
  const { stdout } = await launched.started
  stdout?.resume()
  const { exitCode, signal } = await launched.ended
  if (exitCode === 0) return
  throw new CaissonError({
    code: exitCode === ENOSPC || exitCode === EDQUOT ? 'ERR_STORE_SPACE' : 'ERR_LAUNCH',
    what,
    subject,
    ...(exitCode === null
      ? { why: `it ended with ${signal}` }
      : { why: errnoName(exitCode), errno: exitCode }),
  })
}
