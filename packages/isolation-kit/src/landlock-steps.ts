import { CaissonError, type ProcessStep } from '@caisson/core'
import type { ProcessInput } from './process-steps.js'

/** LANDLOCK_ACCESS_FS_* of landlock(7). */
const Right = Object.freeze({
  execute: 1n << 0n,
  writeFile: 1n << 1n,
  readFile: 1n << 2n,
  readDir: 1n << 3n,
  refer: 1n << 13n,
  truncate: 1n << 14n,
  ioctlDev: 1n << 15n,
})

/** All rights of the first version. */
const FIRST_RIGHTS = (1n << 13n) - 1n
const SCOPE_ABSTRACT_UNIX_SOCKET = 1n
const VERSION_OF_SCOPES = 6
const none: readonly never[] = Object.freeze([])

function rightsOf(version: number): bigint {
  let rights = FIRST_RIGHTS
  if (version >= 2) rights |= Right.refer
  if (version >= 3) rights |= Right.truncate
  if (version >= 5) rights |= Right.ioctlDev
  return rights
}

/** Whether a spec wants it: in a chroot, it is what stops a root task from climbing out. */
export function wantsLandlock({ spec, kind }: Pick<ProcessInput, 'spec' | 'kind'>): boolean {
  return spec.isolation.landlock ?? kind === 'chroot'
}

/** What is lost, in words, where the caller allowed it to be missing and it is. */
export function landlockLosses(input: Pick<ProcessInput, 'spec' | 'kind' | 'identity'>) {
  const lost = wantsLandlock(input) && (input.identity.landlock ?? 0) === 0
  return lost ? ['landlock is not enforced: this kernel has none, or it is switched off'] : none
}

/** Where files may be made and changed. The rest of a read-only root, and /sys, can be read. */
function writablePlaces({ spec, kind }: ProcessInput): readonly string[] {
  const mounts = spec.mounts.filter((mount) => mount.kind === 'tmpfs' || !mount.readonly)
  const own = kind === 'chroot' ? ['/tmp'] : []
  return [...new Set(['/dev', '/proc', ...own, ...mounts.map(({ to }) => to)])]
}

/**
 * The second wall around files: with a read-only root, only tmpfs and writable mounts take writes; else it is the root as
 * such that is not left. Abstract sockets of the host are kept out, too, where its network is not.
 * @throws CaissonError ERR_UNSUPPORTED where the kernel has none and the caller did not allow that
 */
export function landlockSteps(input: ProcessInput): readonly ProcessStep[] {
  const { spec, identity } = input
  if (!wantsLandlock(input)) return none
  const version = identity.landlock ?? 0
  if (version === 0) {
    if (spec.isolation.allowDegraded.includes('landlock')) return none
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'landlock',
      field: 'landlock',
      why: 'this kernel has none, or it is switched off',
      fix:
        'Boot a kernel of 5.13 or later with `lsm=landlock,...`; or allow it to be missing, allowDegraded: ["landlock"]; ' +
        'or leave it out, landlock: false.',
    })
  }
  const all = rightsOf(version)
  const read = Right.execute | Right.readFile | Right.readDir
  const readonly = spec.readonlyRoot
  return [
    {
      op: 'landlock',
      handled: all,
      scoped:
        version >= VERSION_OF_SCOPES && spec.network === 'host' ? SCOPE_ABSTRACT_UNIX_SOCKET : 0n,
      readable: readonly ? ['/'] : none,
      read,
      writable: readonly ? writablePlaces(input) : ['/'],
      write: all,
    },
  ]
}
