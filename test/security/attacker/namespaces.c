/* Namespaces: entering others', making new ones that would give powers over them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacker.h"

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : outcome(setns(fd, 0));
}

static int enter_pid_1(const char *arg)
{
	int fd = (int)syscall(SYS_pidfd_open, 1, 0);

	(void)arg;
	return fd < 0 ? -errno : outcome(setns(fd, CLONE_NEWNS | CLONE_NEWNET));
}

static int enter_nothing(const char *arg)
{
	(void)arg;
	return outcome(setns(-1, 0));
}

static void setns_idea(char **args)
{
	(void)args;
	attempt("mount namespace of pid 1", enter, "/proc/1/ns/mnt");
	attempt("user namespace of pid 1", enter, "/proc/1/ns/user");
	attempt("PID namespace of pid 1", enter, "/proc/1/ns/pid");
	attempt("namespaces of pid 1 by pidfd", enter_pid_1, NULL);
	attempt("own mount namespace", enter, "/proc/self/ns/mnt");
	attempt("own user namespace", enter, "/proc/self/ns/user");
	attempt("own network namespace", enter, "/proc/self/ns/net");
	attempt("a descriptor that is none", enter_nothing, NULL);
}

static int leave(const char *flag)
{
	return outcome(unshare((int)strtol(flag, NULL, 16)));
}

/* High bits of the flags, which the kernel ignores and a careless comparison does not. */
static int leave_wide(const char *flag)
{
	return outcome(syscall(SYS_unshare, strtol(flag, NULL, 16) | (1L << 32)));
}

static int born(const char *flag)
{
	int status;
	long flags = strtol(flag, NULL, 16);
	pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0L, 0L, 0L, 0L);

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(0);
	return outcome(waitpid(pid, &status, 0));
}

static int born_by_clone3(const char *flag)
{
	uint64_t args[8] = { 0 };
	int status;
	pid_t pid;

	args[0] = strtoull(flag, NULL, 16);
	args[4] = SIGCHLD;
	pid = (pid_t)syscall(SYS_clone3, args, sizeof(args));
	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(0);
	return outcome(waitpid(pid, &status, 0));
}

static int map_root(const char *arg)
{
	int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);

	(void)arg;
	return fd < 0 ? -errno : outcome(write(fd, "0 0 1\n", 6));
}

static int host_name(const char *arg)
{
	(void)arg;
	return outcome(sethostname("taken", 5));
}

static void new_namespaces(char **args)
{
	(void)args;
	attempt("unshare user", leave, "10000000");
	attempt("unshare user with high bits", leave_wide, "10000000");
	attempt("unshare mount", leave, "20000");
	attempt("unshare PID", leave, "20000000");
	attempt("unshare network", leave, "40000000");
	attempt("unshare cgroup", leave, "2000000");
	attempt("unshare time", leave, "80");
	attempt("clone user", born, "10000000");
	attempt("clone mount", born, "20000");
	attempt("clone network", born, "40000000");
	attempt("clone3 user", born_by_clone3, "10000000");
	attempt("clone without namespaces", born, "0");
	attempt("map ids anew", map_root, NULL);
	attempt("set the host name", host_name, NULL);
}

const struct idea namespace_ideas[] = {
	{ "setns", setns_idea }, { "new-namespaces", new_namespaces }, { NULL, NULL },
};
