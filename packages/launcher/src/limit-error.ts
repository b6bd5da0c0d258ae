import { CaissonError } from '@caisson/core'

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
