/* Files of the kernel that change the host when they are written. Nothing is written: to open is enough. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attacker.h"

static int open_write(const char *path)
{
	return try_open(path, O_WRONLY);
}

static int cut(const char *path)
{
	return outcome(truncate(path, 0));
}

static int change(const char *path)
{
	return outcome(chmod(path, 0777));
}

/* CVE-2022-0811 class: what runs as root of the host when something dies, is missing or is released. */
static int core_limit(struct rlimit *lim)
{
	return getrlimit(RLIMIT_CORE, lim) < 0 ? -errno : 0;
}

/* Anything but 1 has the kernel call the host's helper for a crash. */
static int is_changed(struct rlimit *was, long result)
{
	struct rlimit now;

	if (result < 0)
		return -errno;
	if (core_limit(&now) < 0)
		return -EIO;
	return now.rlim_cur == was->rlim_cur && now.rlim_max == was->rlim_max ? -ECANCELED : 0;
}

static int lower_core(const char *way)
{
	struct rlimit was, old, none = { 0, 0 };
	unsigned long core = RLIMIT_CORE, high = core | 1UL << 32;
	long result = -1;

	if (core_limit(&was) < 0)
		return -EIO;
	if (was.rlim_cur == 0)
		none.rlim_cur = none.rlim_max = 1;
	else
		none.rlim_max = was.rlim_max;
	if (strcmp(way, "setrlimit") == 0)
		result = syscall(SYS_setrlimit, core, &none);
	else if (strcmp(way, "setrlimit, high") == 0)
		result = syscall(SYS_setrlimit, high, &none);
	else if (strcmp(way, "prlimit64") == 0)
		result = syscall(SYS_prlimit64, 0, core, &none, NULL);
	else if (strcmp(way, "prlimit64, high") == 0)
		result = syscall(SYS_prlimit64, 0, high, &none, NULL);
	else if (strcmp(way, "prlimit64, old") == 0)
		result = syscall(SYS_prlimit64, 0, core, &none, &old);
	else if (strcmp(way, "prlimit64, own pid") == 0)
		result = syscall(SYS_prlimit64, getpid(), core, &none, NULL);
	return is_changed(&was, result);
}

static void core_pattern(char **args)
{
	(void)args;
	attempt("own limit by setrlimit", lower_core, "setrlimit");
	attempt("own limit by setrlimit, with high bits", lower_core, "setrlimit, high");
	attempt("own limit by prlimit64", lower_core, "prlimit64");
	attempt("own limit by prlimit64, with high bits", lower_core, "prlimit64, high");
	attempt("own limit by prlimit64, old one asked", lower_core, "prlimit64, old");
	attempt("own limit by prlimit64, by number", lower_core, "prlimit64, own pid");
	attempt("core_pattern", open_write, "/proc/sys/kernel/core_pattern");
	attempt("core_pattern through the own root", open_write, "/proc/self/root/proc/sys/kernel/core_pattern");
	attempt("core_pattern through pid 1", open_write, "/proc/1/root/proc/sys/kernel/core_pattern");
	attempt("core_pattern through a task", open_write, "/proc/self/task/../../sys/kernel/core_pattern");
	attempt("mode of core_pattern", change, "/proc/sys/kernel/core_pattern");
	attempt("modprobe", open_write, "/proc/sys/kernel/modprobe");
	attempt("uevent_helper", open_write, "/sys/kernel/uevent_helper");
	attempt("binfmt_misc", open_write, "/proc/sys/fs/binfmt_misc/register");
	attempt("own attributes", open_write, "/proc/self/coredump_filter");
}

static void sysrq(char **args)
{
	(void)args;
	attempt("sysrq-trigger", open_write, "/proc/sysrq-trigger");
	attempt("sysrq-trigger through the own root", open_write, "/proc/self/root/proc/sysrq-trigger");
	attempt("enable sysrq", open_write, "/proc/sys/kernel/sysrq");
}

static int make_group(const char *path)
{
	return outcome(mkdir(path, 0755));
}

static int mount_v1(const char *controllers)
{
	return outcome(mount("none", "/tmp", "cgroup", 0, controllers));
}

/* CVE-2022-0492: release_agent runs as root of the host. */
/* In namespaces of its own root may mount what is there; what it must not do is to name a program. */
static int nested_release_agent(const char *controllers)
{
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP) < 0)
		return -errno;
	if (mount("none", "/tmp", "cgroup", 0, controllers) < 0)
		return -errno;
	fd = open("/tmp/release_agent", O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : outcome(write(fd, "\n", 1));
}

static void cgroups(char **args)
{
	(void)args;
	attempt("mount a v1 hierarchy", mount_v1, "memory");
	attempt("mount a named v1 hierarchy", mount_v1, "none,name=caisson-test");
	attempt("release_agent in nested namespaces", nested_release_agent, "memory");
	attempt("release_agent", open_write, "/sys/fs/cgroup/release_agent");
	attempt("release_agent of memory", open_write, "/sys/fs/cgroup/memory/release_agent");
	attempt("own group's processes", open_write, "/sys/fs/cgroup/cgroup.procs");
	attempt("a new group", make_group, "/sys/fs/cgroup/caisson-test");
}

struct walk {
	long files, directories;
	int depth;
};

static int walk(struct walk *w, int dir);

/* 0: something could be opened for writing. */
static int visit(struct walk *w, int dir, const char *name)
{
	struct stat st;
	int fd, err = -EACCES;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISREG(st.st_mode)) {
		w->files++;
		fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		fprintf(stderr, "%s can be written\n", name);
		close(fd);
		return 0;
	}
	if (!S_ISDIR(st.st_mode) || w->depth > 12 || w->directories > 3000)
		return err;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	w->directories++;
	w->depth++;
	err = walk(w, fd);
	w->depth--;
	return err;
}

static int walk(struct walk *w, int dir)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;
	int err = -EACCES;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && visit(w, dir, e->d_name) == 0)
			err = 0;
	if (d)
		closedir(d);
	return err;
}

static int any_writable(const char *path)
{
	struct walk w = { 0 };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 ? -errno : walk(&w, fd);

	/* a walk that saw nothing proves nothing */
	return err < 0 && w.files < 30 ? -ENODATA : err;
}

static void kernel_files(char **args)
{
	(void)args;
	attempt("any file of /sys", any_writable, "/sys");
	attempt("any file of /proc/sys", any_writable, "/proc/sys");
	attempt("a directory in /sys", make_group, "/sys/kernel/caisson-test");
	attempt("cut a file of /proc/sys", cut, "/proc/sys/kernel/hostname");
	attempt("memory of the kernel", open_write, "/proc/kcore");
	attempt("interrupts", open_write, "/proc/irq/default_smp_affinity");
	attempt("a PCI device", open_write, "/proc/bus/pci/00");
}

static int is_hidden(const char *path)
{
	struct stat st;
	char byte;
	DIR *d;
	struct dirent *e;
	int fd, found = 0;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		d = opendir(path);
		while (d && (e = readdir(d)))
			found |= e->d_name[0] != '.';
		return found ? 0 : -ENODATA;
	}
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return read(fd, &byte, 1) > 0 ? 0 : -ENODATA;
}

/* Each path given: what it tells, and what it takes. */
static void masks(char **paths)
{
	for (; *paths; paths++)
		attempt(*paths, is_hidden, *paths);
}

const struct idea file_ideas[] = {
	{ "core-pattern", core_pattern }, { "sysrq", sysrq }, { "cgroups", cgroups },
	{ "kernel-files", kernel_files }, { "masks", masks }, { NULL, NULL },
};
