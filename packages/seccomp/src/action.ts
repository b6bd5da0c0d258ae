import type { ErrnoName, SeccompAction } from './profile.js'

const errnos: Readonly<Record<ErrnoName, number>> = {
  EPERM: 1,
  EACCES: 13,
  EINVAL: 22,
  ENOSYS: 38,
  ENOTSUP: 95,
  EAFNOSUPPORT: 97,
}

// SECCOMP_RET_*. The kernel compares them as signed numbers and lets the smallest win; so do we.
const returns: Readonly<Record<Exclude<SeccompAction, `errno:${ErrnoName}`>, number>> = {
  allow: 0x7fff0000,
  log: 0x7ffc0000,
  trap: 0x00030000,
  'kill-thread': 0x00000000,
  'kill-process': 0x80000000,
}

/**
 * The filter's return value for an action.
 * @throws TypeError ERR_SECCOMP_PROFILE
 */
export function returnValue(action: SeccompAction): number {
  if (action.startsWith('errno:')) {
    const errno = new Map<string, number>(Object.entries(errnos)).get(action.slice('errno:'.length))
    if (errno !== undefined) return 0x00050000 | errno
  }
  const value = new Map<string, number>(Object.entries(returns)).get(action)
  if (value === undefined) {
    throw Object.assign(new TypeError(`seccomp profile: action: ${action} is unknown`), {
      code: 'ERR_SECCOMP_PROFILE',
    })
  }
  return value
}

/** Orders actions: the smaller one is the more restrictive. */
export function restrictiveness(action: SeccompAction): number {
  return returnValue(action) | 0
}

/** Whether an action lets the call happen. */
export function isPermissive(action: SeccompAction): boolean {
  return action === 'allow' || action === 'log'
}
