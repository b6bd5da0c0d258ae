/*
 * Should what a file server reads ever take it over: of system calls it has those of files alone, none that starts a
 * program or a process, none of sockets, mounts, namespaces or tracing; and of files, in a jail, those of its tree alone.
 * The way from what was found to what is opened leads through the host's /proc, where root's name alone would do harm.
 */
#include "files.h"

#include <errno.h>
#include <stddef.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "scoped.h"
#include "sys.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#if defined(ARCHITECTURE) && !defined(__SANITIZE_ADDRESS__)

/* Both of what a C library may take for one job, where the machine has both. */
static const uint32_t allowed[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_close, SYS_lseek, SYS_fstat, SYS_newfstatat,
	SYS_statx, SYS_statfs, SYS_fstatfs, SYS_openat, SYS_openat2, SYS_getdents64, SYS_fcntl, SYS_ftruncate, SYS_fallocate,
	SYS_syncfs, SYS_fsync, SYS_mkdirat, SYS_mknodat, SYS_unlinkat, SYS_symlinkat, SYS_linkat, SYS_readlinkat, SYS_renameat2,
	SYS_fchown, SYS_fchownat, SYS_fchmod, SYS_fchmodat, SYS_utimensat, SYS_faccessat, SYS_setxattr, SYS_getxattr,
	SYS_listxattr, SYS_removexattr, SYS_ppoll, SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_mmap,
	SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_futex, SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigprocmask,
	SYS_restart_syscall, SYS_getpid, SYS_gettid, SYS_tgkill, SYS_clock_nanosleep,
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_nanosleep
	SYS_nanosleep,
#endif
};

enum { ALLOWED = sizeof(allowed) / sizeof(*allowed) };

int file_guard(void)
{
	struct sock_filter code[ALLOWED + 6] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { ALLOWED + 6, code };

	for (size_t i = 0; i < ALLOWED; i++)
		code[4 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
							   (unsigned char)(ALLOWED - i), 0);
	code[4 + ALLOWED] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	code[5 + ALLOWED] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	/* EINVAL: a kernel without filters has no second guard to give */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}

#else

/* Sanitizers make calls of their own, and elsewhere the numbers are not known. */
int file_guard(void)
{
	return 0;
}

#endif
