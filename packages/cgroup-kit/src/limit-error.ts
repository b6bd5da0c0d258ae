import { CaissonError, type ErrorCode } from '@caisson/core'
import { errnoOf } from './kernel-file.js'

/** Where the kernel refused something about a limit. */
export interface LimitRefusal {
  readonly driver: string
  /** Field without `limits.`, e.g. `memory.max`; undefined: the group itself. */
  readonly field?: string | undefined
  /** Path of the file or directory. */
  readonly file: string
  /** What was to be written; undefined for a directory. */
  readonly value?: string
  /** An error of node:fs. */
  readonly error: unknown
}

interface Sort {
  readonly code: ErrorCode
  readonly why: string
  readonly fix?: string
}

const delegated: Sort = {
  code: 'ERR_LIMIT_DELEGATION',
  why: 'this user may not write there',
  fix: 'Run as root, or have the group delegated to this user: `engine.doctor()` says how.',
}
const missing: Sort = {
  code: 'ERR_UNSUPPORTED',
  why: 'the kernel has no such file here: the controller is not there, or was built without it',
  fix: 'Leave the limit out, or see `engine.doctor()`: it says what each limit is worth here.',
}
const range: Sort = {
  code: 'ERR_LIMIT_RANGE',
  why: 'the kernel does not take the value',
}

/** What each errno means where a limit is written; measured, and read in kernel/cgroup, mm/memcontrol and kernel/sched. */
const SORTS: Readonly<Record<string, Sort>> = {
  ENOENT: missing,
  EACCES: delegated,
  EPERM: delegated,
  EROFS: delegated,
  EINVAL: range,
  ERANGE: range,
  EOVERFLOW: range,
  ENODEV: {
    code: 'ERR_LIMIT_DEVICE',
    why: 'there is no such device, or the group is gone',
  },
  EBUSY: {
    code: 'ERR_LIMIT',
    why: 'the group holds processes that keep it from being changed',
    fix: 'Processes may only be in groups without controllers for the groups below them.',
  },
  ENOTSUP: {
    code: 'ERR_LIMIT',
    why: 'the group is threaded, or below one that is: memory cannot be limited there',
    fix: 'Use a group whose cgroup.type is `domain`.',
  },
  ENOSPC: {
    code: 'ERR_LIMIT',
    why: 'there is no room: too many groups, or a cpuset above it has no CPUs or nodes',
  },
}

/** A typed error of what node:fs said: limit, file, value and what to do are in it. */
export function limitError(refusal: LimitRefusal): CaissonError {
  const { driver, field, file, value, error } = refusal
  const errno = errnoOf(error)
  // ENOTSUP and EOPNOTSUPP are one number, and libuv calls it by the first name
  const sort = SORTS[errno ?? '']
  const syscall =
    typeof error === 'object' && error !== null && 'syscall' in error ? String(error.syscall) : ''
  const tried = value === undefined ? file : `\`${value}\` to ${file}`
  return new CaissonError({
    code: sort?.code ?? 'ERR_LIMIT',
    what: value === undefined ? 'control group not made' : 'limit not set',
    subject: field,
    why: `${tried}: ${sort?.why ?? 'the kernel refused'} (${errno ?? String(error)})`,
    fix: sort?.fix,
    driver,
    field: field === undefined ? undefined : `limits.${field}`,
    syscall: syscall === '' ? undefined : syscall,
    errno,
    cause: error,
  })
}
