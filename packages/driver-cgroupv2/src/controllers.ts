import { join } from 'node:path'
import { errnoOf, limitError, readIfThere, writeKernelFile } from '@caisson/cgroup-kit'
import { CaissonError, type ParsedLimits } from '@caisson/core'
import { DRIVER } from './driver-name.js'
import { controllerOf } from './setting.js'

function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '')
}

/** Controllers that groups in a directory can have: what those above hand down. */
export function availableControllers(directory: string): readonly string[] {
  return words(readIfThere(join(directory, 'cgroup.controllers')))
}

/** Those that groups right below a directory have. */
export function enabledControllers(directory: string): readonly string[] {
  return words(readIfThere(join(directory, 'cgroup.subtree_control')))
}

/** The controllers that limits need. */
export function controllersOf(limits: ParsedLimits): ReadonlySet<string> {
  const needed = new Set<string>()
  const { cpu } = limits
  if (limits.memory !== undefined) needed.add('memory')
  if (cpu?.quotaUs !== undefined || cpu?.burstUs !== undefined || cpu?.weight !== undefined)
    needed.add('cpu')
  if (cpu?.set !== undefined || cpu?.mems !== undefined) needed.add('cpuset')
  for (const key of ['pids', 'io', 'hugetlb', 'rdma', 'misc'] as const)
    if (limits[key] !== undefined) needed.add(key)
  for (const file of Object.keys(limits.unified ?? {})) needed.add(controllerOf({ file }))
  return needed
}

/** How somebody who may not use a controller comes by it. */
export function delegationFix(): string {
  const user = process.getuid?.() ?? 0
  if (user === 0)
    return 'Use a kernel that is built with it and not booted with cgroup_disable for it.'
  return (
    'As root, write `[Service]` and `Delegate=cpu cpuset io memory pids` to ' +
    `/etc/systemd/system/user@.service.d/delegate.conf, then: systemctl daemon-reload; systemctl restart user@${user}.service`
  )
}

function missing(controller: string, directory: string): CaissonError {
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'limit not enforceable',
    subject: controller,
    why: `the controller ${controller} is not available in ${directory} (cgroup.controllers)`,
    fix: delegationFix(),
    driver: DRIVER,
  })
}

/**
 * Hands controllers down to the groups below a directory. One at a time: of several the kernel takes all or none, and does not
 * say which it did not like.
 * @throws CaissonError ERR_UNSUPPORTED, ERR_LIMIT_DELEGATION, ERR_LIMIT (processes in the directory, a threaded group)
 */
export function handDown(directory: string, controllers: Iterable<string>): void {
  const enabled = new Set(enabledControllers(directory))
  const file = join(directory, 'cgroup.subtree_control')
  for (const controller of controllers) {
    if (enabled.has(controller)) continue
    const value = `+${controller}`
    try {
      writeKernelFile(file, value)
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'EINVAL' || errno === 'ENOENT') throw missing(controller, directory)
      throw limitError({ driver: DRIVER, file, value, error })
    }
  }
}
