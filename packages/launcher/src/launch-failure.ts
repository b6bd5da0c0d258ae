import type { CaissonError as CaissonErrorType, ErrorCode, StepName } from '@caisson/core'
import { CaissonError, errnoName, stepTable } from '@caisson/core'
import { NONE } from './protocol.generated.js'
import type { FailedReply } from './protocol.generated.js'
import type { UserNamespaceSettings } from './user-namespace-fix.js'
import { diagnoseUserNamespaces, readUserNamespaceSettings } from './user-namespace-fix.js'

const kinds = ['hello', 'template', 'plan', 'container', 'command', 'listen'] as const

const stepByNumber = new Map<number, StepName>()
for (const name of Object.keys(stepTable))
  if (isStepName(name)) stepByNumber.set(stepTable[name].op, name)

function isStepName(name: string): name is StepName {
  return Object.hasOwn(stepTable, name)
}

interface Rule {
  /** Default: any. */
  readonly kinds?: readonly (typeof kinds)[number][]
  /** Default: any. */
  readonly syscall?: string
  readonly steps: readonly StepName[]
  readonly errnos: readonly string[] | 'any'
  /** What the kernel said, where it says more than an errno. Default: anything. */
  readonly said?: RegExp
  readonly code: ErrorCode
  readonly why?: string
  readonly fix?: string
  /** The caller's field that asked for it. */
  readonly field?: string
}

const NO_NAMESPACE = ['EPERM', 'ENOSPC', 'EUSERS', 'ENOSYS']

/** First match decides; what no rule names is ERR_LAUNCH. */
const rules: readonly Rule[] = [
  {
    steps: ['exec'],
    syscall: 'execve(interpreter)',
    errnos: ['ENOENT'],
    code: 'ERR_COMMAND_NOT_FOUND',
    why: 'its interpreter, named in its first line or as its loader, is not in the container',
  },
  {
    steps: ['exec'],
    errnos: ['ENOENT'],
    code: 'ERR_COMMAND_NOT_FOUND',
    why: 'not found in the container',
  },
  { steps: ['exec'], errnos: ['ENOTDIR', 'ELOOP', 'ENAMETOOLONG'], code: 'ERR_COMMAND_NOT_FOUND' },
  {
    steps: ['exec'],
    errnos: ['EACCES', 'EPERM'],
    code: 'ERR_COMMAND_NOT_EXECUTABLE',
    why: 'permission denied',
  },
  {
    steps: ['exec'],
    errnos: ['ENOEXEC', 'EISDIR', 'ELIBBAD', 'EINVAL', 'ETXTBSY'],
    code: 'ERR_COMMAND_NOT_EXECUTABLE',
    why: 'not a program that this kernel can execute',
  },
  {
    steps: ['exec'],
    errnos: ['E2BIG'],
    code: 'ERR_ARGV_TOO_LARGE',
    why: 'more than the kernel takes',
    field: 'argv',
  },
  {
    steps: ['user'],
    errnos: ['ENOENT', 'ERANGE'],
    code: 'ERR_USER_NOT_FOUND',
    why: 'not in /etc/passwd or /etc/group of the container',
    field: 'user',
  },
  // The root is hostile: what should be a list of users may be anything.
  ...(['openat2', 'fstat'] as const).map((syscall): Rule => ({
    steps: ['user'],
    syscall,
    errnos: 'any',
    code: 'ERR_USER_NOT_FOUND',
    why: 'the container has no readable list of users or groups there',
    field: 'user',
  })),
  {
    steps: ['user'],
    errnos: ['EINVAL'],
    code: 'ERR_USER_NOT_FOUND',
    why: 'the container has no such id',
    fix: 'Use an id that the container has; `engine.doctor()` says how many it has on this host.',
    field: 'user',
  },
  { steps: ['cwd'], errnos: 'any', code: 'ERR_CWD', field: 'cwd' },
  {
    steps: ['readonly'],
    errnos: ['ENOENT', 'ENOTDIR'],
    code: 'ERR_ROOTFS_INVALID',
    why: 'the root has nothing there that could be made read-only',
    fix: 'Name paths that the root has.',
    field: 'readonlyPaths',
  },
  {
    steps: ['rlimit'],
    errnos: ['EPERM', 'EINVAL'],
    code: 'ERR_LIMIT_RANGE',
    why: 'raising above the hard limit needs CAP_SYS_RESOURCE',
    fix: 'Choose a value up to the hard limit (`ulimit -H`), or raise that for the user first.',
  },
  {
    steps: ['bind', 'ownedBind'],
    syscall: 'mount_setattr:idmap',
    errnos: ['EINVAL', 'EOPNOTSUPP'],
    code: 'ERR_MOUNT_SOURCE',
    why: 'its file system, or one mounted below it, takes no id-mapped mounts (overlay, proc, many of network and FUSE)',
    fix: 'Put it on another file system, e.g. ext4, xfs, btrfs or tmpfs; accept that its files are nobody’s: allowDegraded: ["idmap"]; or do without the block of ids: launcher mode `single`.',
  },
  {
    steps: ['overlay'],
    syscall: 'fsconfig',
    errnos: ['EINVAL'],
    said: /too many lower/,
    code: 'ERR_ROOTFS_LAYERS',
    why: 'an overlay takes at most 500 directories',
    field: 'from',
  },
  {
    steps: ['overlay'],
    syscall: 'mount',
    errnos: ['E2BIG'],
    code: 'ERR_ROOTFS_LAYERS',
    why: 'before Linux 6.7 the directories of an overlay have to be named in one page',
    field: 'from',
  },
  {
    steps: ['overlay'],
    errnos: ['EPERM', 'EINVAL', 'ENODEV', 'EOPNOTSUPP', 'ENOSYS', 'EROFS'],
    code: 'ERR_LAUNCH',
    fix: "Let writes go to memory or to another file system; or do without overlays: `copyOnWrite: 'copy'`. `engine.doctor()` tries each way.",
  },
  {
    steps: ['fuseRoot'],
    syscall: 'openat2',
    errnos: 'any',
    code: 'ERR_UNSUPPORTED',
    why: 'the device of FUSE cannot be opened',
    fix: 'As root: modprobe fuse, and chmod 0666 /dev/fuse, as udev does; or choose another `copyOnWrite`.',
    field: 'copyOnWrite',
  },
  {
    steps: ['fuseRoot'],
    syscall: 'fstat',
    errnos: 'any',
    code: 'ERR_UNSUPPORTED',
    why: 'fuse-overlayfs ended before it answered',
    fix: 'See whether it works by hand, on the same directories; or choose another `copyOnWrite`.',
    field: 'copyOnWrite',
  },
  {
    steps: ['fuseRoot'],
    syscall: 'read',
    errnos: ['ETIMEDOUT'],
    code: 'ERR_UNSUPPORTED',
    why: 'fuse-overlayfs gave no answer in its time',
    fix: 'See whether it works by hand, on the same directories, and whether the disk answers; or choose another `copyOnWrite`.',
    field: 'copyOnWrite',
  },
  {
    steps: ['fuseRoot'],
    syscall: 'read',
    errnos: ['EIO'],
    code: 'ERR_CONTAINER_GONE',
    why: 'the fuse-overlayfs that served its root has died',
  },
  {
    steps: ['fuseRoot'],
    syscall: 'fsopen',
    errnos: 'any',
    code: 'ERR_UNSUPPORTED',
    why: 'the kernel has no FUSE',
    fix: 'As root: modprobe fuse; or choose another `copyOnWrite`.',
    field: 'copyOnWrite',
  },
  {
    steps: ['copyRoot'],
    errnos: ['ENOSPC', 'EDQUOT', 'EFBIG'],
    code: 'ERR_STORE_SPACE',
    why: 'a copy of the root does not fit where writes go',
    fix: "Use `writable: { on: 'disk' }`, or a larger `writable.size`; or let overlays be used (`copyOnWrite`).",
    field: 'writable',
  },
  {
    steps: ['diskUpper'],
    syscall: 'flock',
    errnos: ['EAGAIN'],
    code: 'ERR_STORE_BUSY',
    why: 'another container writes to it',
  },
  // Of a bind, only open_tree is about the host's path; the rest is about the template's.
  {
    steps: ['bind', 'ownedBind', 'expect'],
    syscall: 'open_tree',
    errnos: ['ENOENT', 'EACCES', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'],
    code: 'ERR_MOUNT_SOURCE',
  },
  {
    steps: ['expect'],
    errnos: ['ESTALE'],
    code: 'ERR_MOUNT_SOURCE',
    why: 'it was replaced while the container was made',
    fix: 'Try again.',
  },
  {
    kinds: ['container'],
    steps: ['mkdir', 'mount', 'move', 'symlink', 'file', 'proc'],
    // ENOENT: a link on the way that leads nowhere
    errnos: ['ENOENT', 'ELOOP', 'ENOTDIR', 'EXDEV', 'EROFS', 'EEXIST', 'ENAMETOOLONG'],
    code: 'ERR_MOUNT_TARGET',
  },
]

function matches(
  rule: Rule,
  failed: FailedReply,
  step: StepName | undefined,
  errno: string,
): boolean {
  const kind = kinds[failed.kind]
  if (step === undefined || kind === undefined) return false
  if (rule.kinds && !rule.kinds.includes(kind)) return false
  if (rule.syscall !== undefined && rule.syscall !== failed.syscall) return false
  if (rule.said?.test(failed.subject) === false) return false
  return rule.steps.includes(step) && (rule.errnos === 'any' || rule.errnos.includes(errno))
}

/** Whether the user namespace is what the host refused, right away or (AppArmor) at the first use of its powers. */
function deniesUserNamespace(
  failed: FailedReply,
  errno: string,
  privileged: boolean,
  settings: () => UserNamespaceSettings,
): boolean {
  const kind = kinds[failed.kind]
  if (kind === 'hello' && failed.syscall === 'pidfd_send_signal') return false
  if (kind === 'hello')
    return NO_NAMESPACE.includes(errno) || errno === 'EACCES' || errno === 'EINVAL'
  if (failed.op === stepTable.namespaces.op && NO_NAMESPACE.includes(errno)) return true
  if (privileged || kind !== 'template' || (errno !== 'EPERM' && errno !== 'EACCES')) return false
  return (
    settings().apparmorRestrict === '1' && /mount|fsopen|open_tree|fsconfig/.test(failed.syscall)
  )
}

/** What a failure is told with besides the frame. */
export interface FailureContext {
  /** Path of the launcher, for the AppArmor profile. */
  readonly launcher: string
  /** Whether the launcher keeps real root's powers. */
  readonly privileged: boolean
  readonly settings?: () => UserNamespaceSettings
}

/** The error that a `failed` frame stands for: step, system call, errno, subject and what mends it. */
export function launchError(failed: FailedReply, context: FailureContext): CaissonErrorType {
  const errno = errnoName(failed.errno)
  const step = stepByNumber.get(failed.op)
  const settings = context.settings ?? readUserNamespaceSettings
  const subject = failed.subject === '' ? undefined : failed.subject
  const shared = { subject, syscall: failed.syscall || undefined, errno, step }
  if (deniesUserNamespace(failed, errno, context.privileged, settings)) {
    const diagnosis = diagnoseUserNamespaces(settings(), errno, context.launcher)
    const why = `${diagnosis.why} (${failed.syscall || 'clone3'}: ${errno})`
    return new CaissonError({
      code: 'ERR_USER_NAMESPACE',
      what: 'user namespace',
      ...shared,
      why,
      fix: diagnosis.fix,
    })
  }
  const rule = rules.find((r) => matches(r, failed, step, errno))
  const what =
    step === 'exec' ? 'command' : `${kinds[failed.kind] ?? 'launch'}${stepPlace(failed, step)}`
  return new CaissonError({
    code: rule?.code ?? 'ERR_LAUNCH',
    what,
    ...shared,
    why:
      rule?.why === undefined
        ? undefined
        : `${rule.why} (${failed.syscall || 'launcher'}: ${errno})`,
    fix: rule?.fix,
    field: rule?.field,
    // Out of memory, processes or descriptors passes.
    retryable: ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'EINTR', 'EBUSY', 'ESTALE'].includes(errno),
  })
}

function stepPlace(failed: FailedReply, step: StepName | undefined): string {
  if (step === undefined) return ''
  return failed.step === NONE ? `, step ${step}` : `, step ${failed.step} (${step})`
}
