import type { SeccompProfile } from './profile.js'

const words = (...lines: readonly string[]) => lines.flatMap((line) => line.split(' '))

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const newNamespaces = 0x7e020000
const int = 0xffffffff

/**
 * What a container may call when nobody says otherwise: what programs need that stay within their container. A call that the
 * kernel knows and this list does not is answered EPERM; one that this list's table does not know, ENOSYS, so that programs
 * take the older call instead of failing.
 */
export const defaultProfile: SeccompProfile = {
  otherwise: 'errno:EPERM',
  unknown: 'errno:ENOSYS',
  foreign: 'kill-process',
  rules: [
    {
      about: 'files: open, read, write, seek, map',
      action: 'allow',
      names: words(
        'open openat openat2 creat close close_range read write readv writev pread64 pwrite64 preadv pwritev preadv2',
        'pwritev2 lseek sendfile splice tee vmsplice copy_file_range readahead fadvise64 fallocate truncate ftruncate',
        'sync syncfs fsync fdatasync sync_file_range dup dup2 dup3 fcntl flock ioctl pipe pipe2',
        'cachestat memfd_create memfd_secret',
      ),
    },
    {
      about: 'files: names, directories, attributes',
      action: 'allow',
      names: words(
        'stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2 getdents getdents64 getcwd chdir',
        'fchdir mkdir mkdirat rmdir rename renameat renameat2 link linkat symlink symlinkat readlink readlinkat unlink',
        'unlinkat mknod mknodat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat umask utime utimes',
        'futimesat utimensat setxattr lsetxattr fsetxattr setxattrat getxattr lgetxattr fgetxattr getxattrat listxattr',
        'llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat file_getattr file_setattr',
        'name_to_handle_at inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark statmount listmount',
      ),
    },
    {
      about: 'memory of the process itself',
      action: 'allow',
      names: words(
        'brk mmap munmap mremap mprotect msync mincore madvise mlock mlock2 munlock mlockall munlockall mseal',
        'remap_file_pages pkey_alloc pkey_free pkey_mprotect map_shadow_stack membarrier process_mrelease',
      ),
    },
    {
      about: 'waiting for descriptors, events and timers',
      action: 'allow',
      names: words(
        'poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old',
        'epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime',
        'io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents',
      ),
    },
    {
      about: 'processes and threads; new namespaces are refused below',
      action: 'allow',
      names: words(
        'fork vfork execve execveat exit exit_group wait4 waitid getpid getppid gettid getpgid getpgrp setpgid getsid',
        'setsid set_tid_address set_robust_list get_robust_list futex futex_waitv futex_wait futex_wake futex_requeue',
        'rseq prctl arch_prctl modify_ldt set_thread_area get_thread_area getcpu restart_syscall uname sysinfo',
        'pidfd_open pidfd_send_signal riscv_flush_icache riscv_hwprobe uretprobe uprobe',
      ),
    },
    {
      about: 'scheduling and limits: the kernel checks who may raise what',
      action: 'allow',
      names: words(
        'sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam',
        'sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval',
        'getpriority setpriority ioprio_get ioprio_set getrlimit setrlimit prlimit64 getrusage times',
      ),
    },
    {
      about: 'signals',
      action: 'allow',
      names: words(
        'kill tkill tgkill pause alarm sigaltstack rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn',
        'rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo',
      ),
    },
    {
      about: 'users, groups, capabilities and what else only takes powers away',
      action: 'allow',
      names: words(
        'getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid',
        'setfsuid setfsgid setgroups capget capset seccomp landlock_create_ruleset landlock_add_rule',
        'landlock_restrict_self lsm_get_self_attr lsm_list_modules',
      ),
    },
    {
      about:
        'clocks and timers; setting a clock takes a capability over the host that no container has',
      action: 'allow',
      names: words(
        'time gettimeofday clock_gettime clock_getres clock_nanosleep clock_adjtime adjtimex nanosleep getitimer',
        'setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_settime getrandom',
      ),
    },
    {
      about: 'sockets; some families are refused below',
      action: 'allow',
      names: words(
        'socket socketpair bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt',
        'sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg',
      ),
    },
    {
      about: 'System V and POSIX IPC, in an IPC namespace of its own',
      action: 'allow',
      names: words(
        'shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink',
        'mq_timedsend mq_timedreceive mq_notify mq_getsetattr',
      ),
    },
    {
      about:
        'debuggers and profilers of the container; the kernel checks whose processes they touch',
      action: 'allow',
      names: words('ptrace process_vm_readv process_vm_writev'),
    },
    {
      about: 'new threads and processes, but no new namespace',
      action: 'allow',
      names: ['clone'],
      args: [{ index: 0, op: 'masked-eq', mask: newNamespaces, value: 0 }],
      withoutCapability: 'SYS_ADMIN',
    },
    {
      about:
        'clone3 has its flags in memory, where a filter cannot see them: C libraries fall back to clone',
      action: 'errno:ENOSYS',
      names: ['clone3'],
      withoutCapability: 'SYS_ADMIN',
    },
    {
      about: 'namespaces and mounts, for containers that are trusted with them',
      action: 'allow',
      withCapability: 'SYS_ADMIN',
      names: words(
        'clone clone3 unshare setns mount umount2 mount_setattr move_mount open_tree open_tree_attr fsopen fsconfig',
        'fsmount fspick pivot_root sethostname setdomainname fanotify_init quotactl quotactl_fd',
      ),
    },
    { about: 'chroot', action: 'allow', names: ['chroot'], withCapability: 'SYS_CHROOT' },
    {
      about: 'reaching into other processes, beyond what ptrace needs',
      action: 'allow',
      names: words('kcmp pidfd_getfd process_madvise'),
      withCapability: 'SYS_PTRACE',
    },
    {
      about: 'memory placement',
      action: 'allow',
      names: words('get_mempolicy set_mempolicy set_mempolicy_home_node mbind'),
      withCapability: 'SYS_NICE',
    },
    {
      about: 'opening files by handle passes every directory and mount boundary',
      action: 'allow',
      names: ['open_by_handle_at'],
      withCapability: 'DAC_READ_SEARCH',
    },
    {
      about:
        'personalities without side effects: Linux and Linux32, with and without UNAME26, and -1, which only asks',
      action: 'allow',
      names: ['personality'],
      args: [{ index: 0, op: 'masked-eq', mask: int, value: 0 }],
    },
    ...[0x8, 0x20000, 0x20008, 0xffffffff].map((value) => ({
      about: 'the same',
      action: 'allow' as const,
      names: ['personality'],
      args: [{ index: 0, op: 'masked-eq' as const, mask: int, value }],
    })),
    {
      about: 'AF_ALG: kernel cryptography with a record of escapes; no program is without its own',
      action: 'errno:EAFNOSUPPORT',
      names: ['socket'],
      args: [{ index: 0, op: 'masked-eq', mask: int, value: 38 }],
    },
    {
      about: 'AF_VSOCK reaches the hypervisor past every network namespace',
      action: 'errno:EAFNOSUPPORT',
      names: ['socket'],
      args: [{ index: 0, op: 'masked-eq', mask: int, value: 40 }],
    },
    {
      about:
        'AF_NETLINK, NETLINK_AUDIT: answered as by a kernel without audit, which login programs take for an answer',
      action: 'errno:EINVAL',
      names: ['socket'],
      args: [
        { index: 0, op: 'masked-eq', mask: int, value: 16 },
        { index: 2, op: 'masked-eq', mask: int, value: 9 },
      ],
      withoutCapability: 'AUDIT_WRITE',
    },
    ...[0x5412, 0x541c].map((value) => ({
      about:
        'TIOCSTI and TIOCLINUX type into the terminal that the container shares with its caller',
      action: 'errno:EPERM' as const,
      names: ['ioctl'],
      args: [{ index: 1, op: 'masked-eq' as const, mask: int, value }],
    })),
    {
      about:
        'said again by name, so that no rule added above lets them in by mistake: the most restrictive wins',
      action: 'errno:EPERM',
      names: words(
        'add_key request_key keyctl bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register',
        'kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff iopl ioperm acct syslog',
        'settimeofday clock_settime lookup_dcookie vhangup lsm_set_self_attr move_pages migrate_pages',
      ),
    },
  ],
}
