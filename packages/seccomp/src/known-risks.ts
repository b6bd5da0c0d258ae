/** Arguments that the kernel reads as 32 bits, whatever stands above. */
export const readAsInt: ReadonlyMap<string, readonly number[]> = new Map([
  ['socket', [0, 1, 2]],
  ['socketpair', [0, 1, 2]],
  ['ioctl', [0, 1]],
  ['fcntl', [0, 1]],
  ['personality', [0]],
  ['prctl', [0]],
  ['clone', [0]],
  ['setns', [0, 1]],
  ['keyctl', [0]],
  ['bpf', [0]],
  ['open', [1]],
  ['openat', [0, 2]],
  ['kill', [0, 1]],
])

/** Calls that do the same: who restricts one means all. */
export const gaps: readonly (readonly [names: readonly string[], what: string])[] = [
  [['open', 'openat', 'openat2', 'creat'], 'opens files'],
  [['execve', 'execveat'], 'executes programs'],
  [['clone', 'clone3'], 'makes processes and namespaces'],
  [['unshare', 'setns', 'clone3'], 'changes namespaces'],
  [['socket', 'socketcall'], 'makes sockets, and hides in memory which'],
  [['connect', 'socketcall'], 'connects sockets, and hides in memory to whom'],
  [['mount', 'move_mount'], 'mounts'],
  [['ptrace', 'process_vm_readv'], 'reads the memory of other processes'],
  [['ptrace', 'process_vm_writev'], 'writes the memory of other processes'],
  [['init_module', 'finit_module'], 'loads modules into the kernel'],
  [['kexec_load', 'kexec_file_load'], 'loads another kernel'],
  [['settimeofday', 'clock_settime', 'clock_settime64', 'stime'], 'sets the clock'],
  [['add_key', 'request_key', 'keyctl'], 'reaches keyrings, which no namespace parts'],
  [['io_uring_setup', 'io_uring_enter'], 'does what other calls do, past every filter'],
  [['mknod', 'mknodat'], 'makes device nodes'],
  [['chmod', 'fchmod', 'fchmodat', 'fchmodat2'], 'changes modes'],
  [['chown', 'fchown', 'lchown', 'fchownat'], 'changes owners'],
  [['rename', 'renameat', 'renameat2'], 'renames'],
  [['unlink', 'unlinkat'], 'removes names'],
  [['kill', 'tkill', 'tgkill', 'pidfd_send_signal'], 'sends signals'],
]

const keys = 'keyrings belong to no namespace'
const modules = 'loads code into the kernel'
const mounts = 'mounts; with a user namespace any program may'
const namespaces = 'opens much of the kernel that only root could reach'

/** Calls that a profile should allow with a capability or not at all. */
export const powerful: ReadonlyMap<string, string> = new Map([
  ['add_key', keys],
  ['request_key', keys],
  ['keyctl', keys],
  ['init_module', modules],
  ['finit_module', modules],
  ['delete_module', 'takes code out of the kernel'],
  ['kexec_load', 'loads another kernel'],
  ['kexec_file_load', 'loads another kernel'],
  ['bpf', modules],
  ['perf_event_open', 'watches the kernel and other processes; a record of escapes'],
  ['userfaultfd', 'stops the kernel in the middle of its work, which exploits need'],
  ['io_uring_setup', 'does what other calls do, past every filter; a record of escapes'],
  ['open_by_handle_at', 'opens files past every directory and mount'],
  ['mount', mounts],
  ['move_mount', mounts],
  ['fsopen', mounts],
  ['unshare', namespaces],
  ['setns', namespaces],
  ['socketcall', 'its arguments lie in memory: rules on sockets do not see them'],
  ['reboot', 'ends the machine'],
  ['swapon', 'the host’s memory'],
  ['iopl', 'the machine’s devices'],
  ['ioperm', 'the machine’s devices'],
])
