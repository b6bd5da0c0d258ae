/* Changes a resource limit of every process of a container: a worker, since a host may have many processes. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "descriptors.h"
#include "launcher.h"
#include "sys.h"

enum { PASSES = 100 };

/* 0: it is gone, or nobody's child. Anybody may read it; the namespaces of a pid 1 of ours, not even we as a user. */
static pid_t parent_of(int proc, pid_t pid)
{
	char text[512], *end;
	int fd, parent = 0;
	ssize_t n;

	snprintf(text, sizeof(text), "%d/stat", pid);
	fd = openat(proc, text, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	/* the name before may hold anything */
	end = strrchr(text, ')');
	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Whatever it did to its namespaces. An ancestor may die on the way: its children are pid 1's then. */
static int is_below(int proc, pid_t pid, pid_t init)
{
	for (int tries = 0; tries < 3; tries++) {
		pid_t up = parent_of(proc, pid);

		while (up > 1 && up != init)
			up = parent_of(proc, up);
		if (up)
			return up == init;
	}
	return 0;
}

/*
 * Root of a host that keeps CAP_SYS_RESOURCE from it may as the owner of the user namespace, which is an id of the block
 * (user-namespace.c). Not all along: /proc may show that id less.
 */
static int prlimit_of(pid_t pid, int resource, const uint64_t *want, uint64_t *old)
{
	int err = syscall(SYS_prlimit64, pid, resource, want, old) < 0 ? -errno : 0;

	if (err != -EPERM || L.userns != 0 || L.one_uid == 0)
		return err;
	if (syscall(SYS_setresuid, -1, L.one_uid, -1) < 0)
		return -errno;
	err = syscall(SYS_prlimit64, pid, resource, want, old) < 0 ? -errno : 0;
	return syscall(SYS_setresuid, -1, 0, -1) < 0 ? -errno : err;
}

/* 1: changed, 0: it had these already or is gone, or -errno. */
static int change(pid_t pid, int resource, const uint64_t want[2])
{
	uint64_t old[2], now[2] = { want[0], want[1] };
	int err = prlimit_of(pid, resource, NULL, old);

	if (err < 0)
		return err == -ESRCH ? 0 : err;
	if (old[0] == now[0] && old[1] == now[1])
		return 0;
	err = prlimit_of(pid, resource, now, NULL);
	if (err == -EPERM && now[1] > old[1]) {
		/* it has lowered its own hard limit, which not everybody may raise: as much as that allows */
		now[1] = old[1];
		if (now[0] > now[1])
			now[0] = now[1];
		if (now[0] == old[0])
			return 0;
		err = prlimit_of(pid, resource, now, NULL);
	}
	if (err < 0)
		return err == -ESRCH ? 0 : err;
	return 1;
}

/* How many were changed, or -errno. */
static int pass(int proc, pid_t init, int resource, const uint64_t want[2])
{
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d)
		return -ENOENT;
	while (n >= 0 && (e = readdir(d))) {
		pid_t pid = atoi(e->d_name);
		int r;

		if (pid <= 1 || pid == init || !is_below(proc, pid, init))
			continue;
		r = change(pid, resource, want);
		n = r < 0 ? r : n + r;
	}
	closedir(d);
	return n;
}

/* What is forked meanwhile has the old limit of its parent, and is seen in the next pass. */
static int change_all(const struct container *c, const struct field *a)
{
	const uint64_t want[2] = { a[LIMIT_SOFT].num, a[LIMIT_HARD].num };
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), n = 1;

	if (proc < 0 || !parent_of(proc, c->pid))
		return ESRCH;
	for (int i = 0; i < PASSES && n > 0; i++)
		n = pass(proc, c->pid, (int)a[LIMIT_RESOURCE].num, want);
	return n < 0 ? -n : n ? EAGAIN : 0;
}

void command_limit(const struct field *a)
{
	struct container *c = table_find(&L.containers, (uint32_t)a[LIMIT_CONTAINER].num);
	struct io_request io = { .exec = (uint32_t)a[LIMIT_EXEC].num, .in = STDIO_NULL,
				 .out = STDIO_NULL, .err = STDIO_NULL };
	struct failure f = { .step = NONE };
	int theirs[3] = { -1, -1, -1 };
	struct command *cmd = NULL;
	pid_t us = getpid();

	if (!c || c->dead || a[LIMIT_RESOURCE].num >= RLIM_NLIMITS)
		fail_with(&f, ESRCH, "prlimit64", "container");
	else if (!(cmd = command_make(&io, theirs)))
		fail(&f, "pipe2", "limit");
	if (!cmd) {
		reply_failed(&L.wire, 4, io.exec, &f);
		return;
	}
	cmd->worker = sys_fork(0, &cmd->death.fd);
	if (cmd->worker == 0) {
		die_with(us);
		keep_only(NULL, 0);
		_exit(change_all(c, a));
	}
	if (cmd->worker < 0)
		fail(&f, "clone3", "limit");
	else if (watch(&cmd->death, EPOLLIN) < 0)
		fail_with(&f, ENOMEM, "epoll_ctl", "limit");
	if (f.err)
		command_failed(cmd, 4, &f);
}
