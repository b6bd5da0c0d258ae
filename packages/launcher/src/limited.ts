import { CaissonError, errnoName, type LaunchedProcess } from '@caisson/core'

/** A limit of running processes that was not changed. */
export function limitError(pid: number, errno: string): CaissonError {
  const gone = errno === 'ESRCH'
  return new CaissonError({
    code: gone ? 'ERR_CONTAINER_GONE' : 'ERR_LIMIT',
    what: 'change a resource limit',
    subject: `pid ${pid}`,
    syscall: 'prlimit64',
    errno,
    ...(gone ? { why: 'this launcher holds no such container' } : {}),
  })
}

/** Waits for the worker, whose exit code is 0 or an errno. @throws CaissonError ERR_CONTAINER_GONE, ERR_LIMIT */
export async function limited(pid: number, worker: LaunchedProcess): Promise<void> {
  const { exitCode } = await worker.ended
  if (exitCode !== 0) throw limitError(pid, errnoName(exitCode ?? 0))
}
