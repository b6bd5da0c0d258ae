import type { Missing } from '../contracts/probe.js'
import type { ReadHostFile } from './host-facts.js'

/** What the host says of user namespaces made without privilege. */
export interface UserNamespaceFacts {
  /** Whether nothing that can be read forbids them. */
  readonly allowed: boolean
  /** What forbids them, and how to change that. */
  readonly obstacles: readonly Missing[]
}

interface Setting {
  readonly path: string
  readonly forbids: (value: string) => boolean
  readonly what: string
  readonly fix: string
}

const settings: readonly Setting[] = [
  {
    path: '/proc/sys/user/max_user_namespaces',
    forbids: (value) => Number(value) === 0,
    what: 'user namespaces are switched off (user.max_user_namespaces = 0)',
    fix: 'as root: sysctl -w user.max_user_namespaces=15000',
  },
  {
    path: '/proc/sys/kernel/unprivileged_userns_clone',
    forbids: (value) => Number(value) === 0,
    what: 'only root may make user namespaces (kernel.unprivileged_userns_clone = 0)',
    fix: 'as root: sysctl -w kernel.unprivileged_userns_clone=1',
  },
  {
    path: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    forbids: (value) => Number(value) === 1,
    what: 'AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns = 1)',
    fix: 'as root: an AppArmor profile with `userns,` for the launcher, or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  },
]

/** Reads the settings that can forbid user namespaces. A kernel built without them has no max_user_namespaces. */
export function userNamespaces(read: ReadHostFile): UserNamespaceFacts {
  const obstacles: Missing[] = []
  for (const { path, forbids, what, fix } of settings) {
    const value = read(path)
    if (value !== undefined && forbids(value.trim())) obstacles.push({ what, fix })
  }
  return Object.freeze({ allowed: obstacles.length === 0, obstacles: Object.freeze(obstacles) })
}
