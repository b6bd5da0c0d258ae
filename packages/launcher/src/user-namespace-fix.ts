import { readOptional } from './sub-ids.js'

/** Settings that forbid user namespaces, as text; empty where the kernel lacks the setting. */
export interface UserNamespaceSettings {
  /** /proc/sys/user/max_user_namespaces */
  readonly maxUserNamespaces: string
  /** /proc/sys/kernel/unprivileged_userns_clone, a patch of Debian's */
  readonly unprivilegedClone: string
  /** /proc/sys/kernel/apparmor_restrict_unprivileged_userns, Ubuntu 23.10 and later */
  readonly apparmorRestrict: string
}

export function readUserNamespaceSettings(): UserNamespaceSettings {
  return {
    maxUserNamespaces: readOptional('/proc/sys/user/max_user_namespaces').trim(),
    unprivilegedClone: readOptional('/proc/sys/kernel/unprivileged_userns_clone').trim(),
    apparmorRestrict: readOptional('/proc/sys/kernel/apparmor_restrict_unprivileged_userns').trim(),
  }
}

/** Why this host gives no user namespace, and what mends it. */
export interface UserNamespaceDiagnosis {
  readonly why: string
  readonly fix: string
}

/** Names the setting in the way; the last answer is for containers and sandboxes around us, which show nothing. */
export function diagnoseUserNamespaces(
  settings: UserNamespaceSettings,
  errno: string,
  launcher: string,
): UserNamespaceDiagnosis {
  if (settings.maxUserNamespaces === '0') {
    return { why: 'user.max_user_namespaces is 0', fix: 'sysctl -w user.max_user_namespaces=15000' }
  }
  if (settings.unprivilegedClone === '0') {
    return {
      why: 'kernel.unprivileged_userns_clone is 0',
      fix: 'sysctl -w kernel.unprivileged_userns_clone=1',
    }
  }
  if (settings.apparmorRestrict === '1' && errno !== 'ENOSPC') {
    return {
      why: 'AppArmor restricts user namespaces of unprivileged programs',
      fix:
        `give the launcher an AppArmor profile: write "abi <abi/4.0>, include <tunables/global> profile caisson ` +
        `${launcher} flags=(unconfined) { userns, }" to /etc/apparmor.d/caisson and run apparmor_parser -r ` +
        `/etc/apparmor.d/caisson; or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`,
    }
  }
  if (errno === 'ENOSPC' || errno === 'EUSERS') {
    return {
      why: 'the limit of user namespaces, or of their nesting (32), is reached',
      fix: 'end other containers, or raise it: sysctl -w user.max_user_namespaces=15000',
    }
  }
  if (errno === 'EINVAL' || errno === 'ENOSYS') {
    return { why: 'the kernel has no user namespaces', fix: 'use a kernel with CONFIG_USER_NS=y' }
  }
  return {
    why: 'something around this process forbids user namespaces (a container, a seccomp filter or a security module)',
    fix: 'inside Docker or Podman: run it with --security-opt seccomp=unconfined, or with --privileged; else run as root',
  }
}
