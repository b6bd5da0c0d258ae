const ideas = {
  architectures:
    'system calls by other ways than the native one: int 0x80, x32, numbers beyond the table',
  bpf: 'programs of its own in the kernel, by bpf(2)',
  cgroups: 'control groups: mounting them, release_agent, moving itself, new groups',
  changes: 'what a container leaves in its writable layer leads those astray who read it',
  'chroot-climb':
    'with CAP_SYS_CHROOT: a root of its own below the working directory, then upwards',
  clocks: 'the clock that all containers share',
  'core-pattern':
    'what the kernel executes as root of the host: core_pattern, modprobe, uevent_helper',
  descriptors: 'descriptors that the caller or the launcher left open',
  devices: 'device nodes, made or found in the root',
  exhaustion: 'all of the bytes, files, processes and queues that there are',
  handles: 'files by handle, past every mount and directory',
  'host-sockets': 'abstract sockets and ports of the host',
  inherited: 'environment, groups and ids of the caller',
  'io-uring': 'io_uring, which a filter of system calls cannot see into',
  'kernel-code': 'kernel modules, another kernel',
  'kernel-files': 'files of /proc and /sys that change the host',
  'kernel-log': 'the log of the kernel',
  keyrings: 'keys of the caller, and keys of other containers',
  machine: 'reboot, swap, accounting, quotas, I/O ports',
  masks: 'what /proc and /sys tell about the host',
  mounts: 'mounts: new ones, and those that hide something taken away',
  'new-namespaces': 'powers over a user namespace of its own',
  'oom-score': 'being spared when memory is short',
  perf: 'measuring the kernel and other processes',
  personality: 'personalities that switch protections off',
  priorities: 'more than a share of CPU, disk, timers and locked memory',
  'proc-exe': 'the program of pid 1, overwritten for the next start (CVE-2019-5736)',
  'proc-root': 'root, descriptors, memory and environment of pid 1 by /proc',
  ptrace: 'tracing pid 1, the launcher and processes outside',
  'set-user-id': 'set-user-ID programs of the root',
  setns: 'entering the namespaces of others',
  signals: 'signals to pid 1 and to processes outside',
  'socket-families': 'sockets that pass network namespaces, and raw ones',
  sysrq: 'sysrq',
  terminal: 'typing into the terminal of the caller (CVE-2017-5226, CVE-2019-10063)',
  userfaultfd: 'stopping the kernel in the middle of a system call',
} as const satisfies Readonly<Record<string, string>>

/**
 * Ideas for getting out of a container, each in a few words. An isolation driver holds them all, but for those that its
 * manifest names in `notHeld`. CVE numbers are from memory where the idea says one.
 */
export const escapes: Readonly<typeof ideas> = Object.freeze(ideas)

/** The name of an idea, e.g. `chroot-climb`. */
export type Escape = keyof typeof ideas
