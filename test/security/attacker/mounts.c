/* Mounts: new ones, and changes to those that hide something. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attacker.h"

enum { CLONE_TREE = 1, EMPTY_PATH = 0x1000, RECURSIVE = 0x8000 };

static int fresh(const char *type)
{
	return outcome(mount("none", "/tmp", type, 0, NULL));
}

static int bind_root(const char *arg)
{
	(void)arg;
	return outcome(mount("/", "/tmp", NULL, MS_BIND, NULL));
}

static int writable(const char *path)
{
	return outcome(mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int shared(const char *path)
{
	return outcome(mount(NULL, path, NULL, MS_SHARED | MS_REC, NULL));
}

static int bad_pointer(const char *arg)
{
	(void)arg;
	return outcome(syscall(SYS_mount, 1L, 1L, 1L, 0L, 0L));
}

static int lift(const char *path)
{
	return outcome(umount2(path, MNT_DETACH));
}

static int context(const char *type)
{
	return outcome(syscall(SYS_fsopen, type, 0));
}

static int clone_tree(const char *path)
{
	return outcome(syscall(SYS_open_tree, AT_FDCWD, path, CLONE_TREE | RECURSIVE));
}

static int move(const char *arg)
{
	(void)arg;
	return outcome(syscall(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "/tmp", 0));
}

static int attributes(const char *path)
{
	uint64_t attr[4] = { 0, 1, 0, 0 }; /* clears MOUNT_ATTR_RDONLY */

	return outcome(syscall(SYS_mount_setattr, AT_FDCWD, path, RECURSIVE, attr, sizeof(attr)));
}

static int pivot(const char *arg)
{
	(void)arg;
	return outcome(syscall(SYS_pivot_root, "/tmp", "/tmp"));
}

/* What a fresh user namespace would allow: whatever root of it may mount. */
static int nested(const char *type)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	return fresh(type);
}

static int nested_lift(const char *path)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	return lift(path);
}

static int nested_writable(const char *path)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	return writable(path);
}

static void mounts(char **args)
{
	(void)args;
	attempt("mount tmpfs", fresh, "tmpfs");
	attempt("mount proc", fresh, "proc");
	attempt("mount sysfs", fresh, "sysfs");
	attempt("mount cgroup2", fresh, "cgroup2");
	attempt("mount debugfs", fresh, "debugfs");
	attempt("mount devpts", fresh, "devpts");
	attempt("mount from a bad pointer", bad_pointer, NULL);
	attempt("bind the root", bind_root, NULL);
	attempt("remount /sys writable", writable, "/sys");
	attempt("remount /proc/sys writable", writable, "/proc/sys");
	attempt("remount / without nosuid", writable, "/");
	attempt("make / shared", shared, "/");
	attempt("unmount a cover", lift, "/proc/interrupts");
	attempt("unmount /proc", lift, "/proc");
	attempt("unmount /", lift, "/");
	attempt("fsopen tmpfs", context, "tmpfs");
	attempt("open_tree clone of /", clone_tree, "/");
	attempt("move_mount of /proc", move, NULL);
	attempt("mount_setattr of /sys", attributes, "/sys");
	attempt("pivot_root", pivot, NULL);
	attempt("tmpfs in a nested user namespace", nested, "tmpfs");
	attempt("proc in a nested user namespace", nested, "proc");
	attempt("sysfs in a nested user namespace", nested, "sysfs");
	attempt("a cover lifted in a nested user namespace", nested_lift, "/proc/interrupts");
	attempt("/sys writable in a nested user namespace", nested_writable, "/sys");
}

const struct idea mount_ideas[] = { { "mounts", mounts }, { NULL, NULL } };
