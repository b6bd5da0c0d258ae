/* System calls that musl 1.2.3 has no wrapper for, as thin as they come: -1 and errno, like libc's. */
#ifndef CAISSON_SYS_H
#define CAISSON_SYS_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/openat2.h>
#include <linux/sched.h>

/* Values from the kernel's UAPI headers, for C libraries that are older than the kernel. */
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_fspick
#define SYS_fspick 433
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#define SYS_OPEN_TREE_CLOEXEC O_CLOEXEC
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

enum {
	SYS_MOVE_MOUNT_F_EMPTY_PATH = 0x4,
	SYS_MOVE_MOUNT_T_EMPTY_PATH = 0x40,
	SYS_FSOPEN_CLOEXEC = 0x1,
	SYS_FSMOUNT_CLOEXEC = 0x1,
	SYS_FSCONFIG_SET_FLAG = 0,
	SYS_FSCONFIG_SET_STRING = 1,
	SYS_FSCONFIG_CMD_CREATE = 6,
	SYS_FSCONFIG_CMD_RECONFIGURE = 7,
	SYS_FSPICK_CLOEXEC = 0x1,
	SYS_FSPICK_EMPTY_PATH = 0x8,
	SYS_MOUNT_ATTR_RDONLY = 0x1,
	SYS_MOUNT_ATTR_NOSUID = 0x2,
	SYS_MOUNT_ATTR_NODEV = 0x4,
	SYS_MOUNT_ATTR_NOEXEC = 0x8,
	SYS_MOUNT_ATTR_IDMAP = 0x100000,
	SYS_MOUNT_ATTR_NOSYMFOLLOW = 0x200000,
};

struct sys_mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};

static inline int sys_close_range(unsigned int first, unsigned int last)
{
	return (int)syscall(SYS_close_range, first, last, 0);
}

static inline int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

static inline int sys_open_tree(int dir, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, dir, path, flags | SYS_OPEN_TREE_CLOEXEC);
}

/* Attaches the mount that `from` refers to on top of what `to` refers to: two descriptors, no path. */
static inline int sys_move_mount(int from, int to)
{
	return (int)syscall(SYS_move_mount, from, "", to, "",
			    SYS_MOVE_MOUNT_F_EMPTY_PATH | SYS_MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int sys_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, SYS_FSOPEN_CLOEXEC);
}

static inline int sys_fsconfig(int fs, unsigned int cmd, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, cmd, key, value, 0);
}

static inline int sys_fsmount(int fs, unsigned int attrs)
{
	return (int)syscall(SYS_fsmount, fs, SYS_FSMOUNT_CLOEXEC, attrs);
}

static inline int sys_fspick(int mnt)
{
	return (int)syscall(SYS_fspick, mnt, "", SYS_FSPICK_CLOEXEC | SYS_FSPICK_EMPTY_PATH);
}

static inline int sys_mount_setattr(int fd, unsigned int flags, struct sys_mount_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, attr, sizeof(*attr));
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int sys_pidfd_send_signal(int pidfd, int signo)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
}

/* statx(2), of which only one attribute is wanted here; musl 1.2.3 has no struct for it. */
static inline int sys_is_mount_root(int fd)
{
	struct { uint32_t mask, blksize; uint64_t attributes; unsigned char rest[240]; } is = { 0 };

	return syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0, &is) == 0 && (is.attributes & 0x2000);
}

/* fork with namespaces, a pidfd and a cgroup v2 directory (-1: the caller's): memory is copied, so the child may run ordinary code. */
static inline pid_t sys_fork_into(uint64_t flags, int *pidfd, int cgroup)
{
	struct clone_args args = {
		.flags = flags | (pidfd ? CLONE_PIDFD : 0) | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = 17, /* SIGCHLD */
		.cgroup = cgroup >= 0 ? (uint64_t)(unsigned int)cgroup : 0,
	};
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static inline pid_t sys_fork(uint64_t flags, int *pidfd)
{
	return sys_fork_into(flags, pidfd, -1);
}

/*
 * First thing in a child that stays in our pid namespace: it holds all our descriptors, the control socket among them, so
 * that nobody would learn of our death from an end of file. The parent may have died before the request: prctl(2).
 */
static inline void die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, 9 /* SIGKILL */, 0, 0, 0) < 0 || getppid() != parent)
		_exit(1);
}

#endif
