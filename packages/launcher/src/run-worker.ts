import type { LaunchedProcess } from '@caisson/core'
import { CaissonError, errnoName } from '@caisson/core'

const ENOSPC = 28
const EDQUOT = 122

/** What a worker of the launcher ended with that was not well. Its exit code is an errno. */
export function workerFailure(
  what: string,
  subject: string | undefined,
  end: { readonly exitCode: number | null; readonly signal: string | null },
): CaissonError {
  const { exitCode, signal } = end
  const errno = exitCode === null ? undefined : errnoName(exitCode)
  return new CaissonError({
    code: exitCode === ENOSPC || exitCode === EDQUOT ? 'ERR_STORE_SPACE' : 'ERR_LAUNCH',
    what,
    subject,
    why: errno === undefined ? `it ended with ${signal}` : `${errno}${explained[errno] ?? ''}`,
    ...(exitCode === null ? {} : { errno: exitCode }),
  })
}

/** What a container can bring about by what it writes. */
const explained: Readonly<Record<string, string>> = {
  ENAMETOOLONG: ': the container made directories deeper than a path may be long (4095 bytes)',
  EFBIG: ': the container made a file larger than the file system of the store takes',
}

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
  const end = await launched.ended
  if (end.exitCode !== 0) throw workerFailure(what, subject, end)
}
