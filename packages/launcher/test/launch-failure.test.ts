import { constants } from 'node:os'
import type { StepName } from '@caisson/core'
import { stepTable } from '@caisson/core'
import { expect } from 'chai'
import { launchError } from '../dist/launch-failure.js'
import { NONE } from '../dist/protocol.generated.js'

const HELLO = 0
const TEMPLATE = 1
const CONTAINER = 3
const COMMAND = 4
const quiet = { maxUserNamespaces: '100', unprivilegedClone: '', apparmorRestrict: '' }

type Errno = keyof typeof constants.errno

function failure(kind: number, step: StepName | undefined, errno: Errno, syscall = 'call') {
  return {
    kind,
    id: 1,
    step: 3,
    op: step === undefined ? 0 : stepTable[step].op,
    errno: constants.errno[errno],
    syscall,
    subject: '/some/path',
  }
}

describe('launchError', () => {
  const table: [number, StepName | undefined, Errno, string, string?][] = [
    [COMMAND, 'exec', 'ENOENT', 'ERR_COMMAND_NOT_FOUND'],
    [COMMAND, 'exec', 'ENOTDIR', 'ERR_COMMAND_NOT_FOUND'],
    [COMMAND, 'exec', 'EACCES', 'ERR_COMMAND_NOT_EXECUTABLE'],
    [COMMAND, 'exec', 'ENOEXEC', 'ERR_COMMAND_NOT_EXECUTABLE'],
    [COMMAND, 'exec', 'E2BIG', 'ERR_ARGV_TOO_LARGE'],
    [COMMAND, 'exec', 'ENOMEM', 'ERR_LAUNCH'],
    [COMMAND, 'user', 'ENOENT', 'ERR_USER_NOT_FOUND'],
    [COMMAND, 'user', 'EINVAL', 'ERR_USER_NOT_FOUND'],
    [COMMAND, 'user', 'EPERM', 'ERR_LAUNCH'],
    [COMMAND, 'cwd', 'ENOENT', 'ERR_CWD'],
    [COMMAND, 'cwd', 'EXDEV', 'ERR_CWD'],
    [COMMAND, 'rlimit', 'EPERM', 'ERR_LIMIT_RANGE'],
    [COMMAND, 'seccomp', 'EINVAL', 'ERR_LAUNCH'],
    [TEMPLATE, 'bind', 'ENOENT', 'ERR_MOUNT_SOURCE', 'open_tree'],
    [TEMPLATE, 'bind', 'ENOENT', 'ERR_LAUNCH', 'move_mount'],
    [TEMPLATE, 'bind', 'EINVAL', 'ERR_MOUNT_SOURCE', 'mount_setattr:idmap'],
    [COMMAND, 'exec', 'ENOENT', 'ERR_COMMAND_NOT_FOUND', 'execve(interpreter)'],
    [COMMAND, 'user', 'ELOOP', 'ERR_USER_NOT_FOUND', 'openat2'],
    [COMMAND, 'user', 'EINVAL', 'ERR_USER_NOT_FOUND', 'fstat'],
    [CONTAINER, 'mkdir', 'ENOENT', 'ERR_MOUNT_TARGET'],
    [TEMPLATE, 'mkdir', 'EROFS', 'ERR_LAUNCH'],
    [CONTAINER, 'mkdir', 'ELOOP', 'ERR_MOUNT_TARGET'],
    [CONTAINER, 'mkdir', 'EROFS', 'ERR_MOUNT_TARGET'],
    [CONTAINER, 'move', 'ENOTDIR', 'ERR_MOUNT_TARGET'],
    [CONTAINER, 'mount', 'EXDEV', 'ERR_MOUNT_TARGET'],
    [CONTAINER, 'overlay', 'EINVAL', 'ERR_LAUNCH'],
    [CONTAINER, 'namespaces', 'ENOSPC', 'ERR_USER_NAMESPACE'],
    [CONTAINER, 'namespaces', 'EINVAL', 'ERR_LAUNCH'],
    [HELLO, undefined, 'EPERM', 'ERR_USER_NAMESPACE'],
    [HELLO, undefined, 'EPROTONOSUPPORT', 'ERR_LAUNCH'],
    [COMMAND, undefined, 'EMFILE', 'ERR_LAUNCH'],
  ]
  for (const [kind, step, errno, code, syscall] of table) {
    it(`is ${code} for ${errno} of ${syscall ?? 'a call'} in ${step ?? 'no step'}`, () => {
      const context = { launcher: '/l', privileged: true, settings: () => quiet }
      const error = launchError(failure(kind, step, errno, syscall), context)
      expect(error).to.include({ code, errno, subject: '/some/path' })
      expect(error.step).to.equal(step)
      expect(error.message).to.include(errno)
      expect(error.fix).to.be.a('string')
    })
  }

  it('says that raising a limit needs a capability', () => {
    const context = { launcher: '/l', privileged: true }
    expect(launchError(failure(COMMAND, 'rlimit', 'EPERM'), context).message).to.include(
      'CAP_SYS_RESOURCE',
    )
  })

  it('says which of a list of steps failed', () => {
    const context = { launcher: '/l', privileged: true }
    expect(launchError(failure(CONTAINER, 'overlay', 'EINVAL'), context).message).to.include(
      'step 3 (overlay)',
    )
    const alone = { ...failure(CONTAINER, 'overlay', 'EINVAL'), step: NONE }
    expect(launchError(alone, context).message).to.include('step overlay')
  })

  it('marks what may pass as retryable', () => {
    const context = { launcher: '/l', privileged: true }
    expect(launchError(failure(COMMAND, undefined, 'EMFILE'), context).retryable).to.equal(true)
    expect(launchError(failure(COMMAND, 'cwd', 'ENOENT'), context).retryable).to.equal(false)
  })

  it('sees AppArmor behind a mount that root of a user namespace may not make', () => {
    const restricted = { ...quiet, apparmorRestrict: '1' }
    const mount = failure(TEMPLATE, 'mount', 'EPERM', 'fsopen')
    const asUser = { launcher: '/opt/l', privileged: false, settings: () => restricted }
    expect(launchError(mount, asUser)).to.include({ code: 'ERR_USER_NAMESPACE' })
    expect(launchError(mount, asUser).fix).to.include('/opt/l').and.include('/etc/apparmor.d')
    expect(launchError(mount, { ...asUser, privileged: true })).to.include({ code: 'ERR_LAUNCH' })
    expect(launchError(mount, { ...asUser, settings: () => quiet })).to.include({
      code: 'ERR_LAUNCH',
    })
  })
})
