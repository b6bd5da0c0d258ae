/* Network and user namespaces: dear to make, as good as new once their container is dead, so they are used again. */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "helper.h"
#include "launcher.h"
#include "scoped.h"
#include "sys.h"

enum { POOL_MAX = 32 };

struct pool {
	int fd[POOL_MAX];
	size_t n;
};

static struct pool nets, users;
static int mounts_user = -1;

static int pool_get(struct pool *p)
{
	return p->n ? p->fd[--p->n] : -1;
}

static void pool_put(struct pool *p, int fd)
{
	if (p->n < POOL_MAX)
		p->fd[p->n++] = fd;
	else
		close(fd);
}

static int write_file(struct failure *f, const char *path, const char *value)
{
	scoped_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(f, "open", path);
	return write(fd, value, strlen(value)) < 0 ? fail(f, "write", path) : 0;
}

static int loopback_up(struct failure *f)
{
	scoped_fd s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_name = "lo" };

	if (s < 0)
		return fail(f, "socket", "lo");
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	return ioctl(s, SIOCSIFFLAGS, &r) < 0 ? fail(f, "ioctl", "lo") : 0;
}

static int make_net(struct failure *f, const void *arg)
{
	struct failure quiet;
	int fd;

	(void)arg;
	if (loopback_up(f) < 0)
		return -f->err;
	/* root of a container may take low ports and ping without power over the namespace */
	write_file(&quiet, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	write_file(&quiet, "/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail(f, "open", "/proc/self/ns/net") : fd;
}

/* It belongs to our user namespace: no container is ever its administrator. */
int pool_take_net(struct failure *f, int fresh)
{
	int used = fresh ? -1 : pool_get(&nets);

	return used >= 0 ? used : helper_fd(f, CLONE_NEWNET, make_net, NULL);
}

static int write_maps(struct failure *f, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	if (!L.setgroups && write_file(f, path, "deny") < 0)
		return -f->err;
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	if (write_file(f, path, L.uid_map) < 0)
		return -f->err;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	return write_file(f, path, L.gid_map);
}

/* Made by a child that only waits to be mapped and dismissed. */
int pool_take_user(struct failure *f, int fresh)
{
	int made = fresh ? -1 : pool_get(&users);
	char path[64];
	pid_t us = getpid(), pid;

	if (made >= 0)
		return made;
	pid = sys_fork(CLONE_NEWUSER, NULL);
	if (pid < 0)
		return fail(f, "clone3", "user namespace");
	if (pid == 0)
		for (die_with(us);;)
			pause();
	if (write_maps(f, pid) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		made = open(path, O_RDONLY | O_CLOEXEC);
		if (made < 0)
			fail(f, "open", path);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return made < 0 ? -f->err : made;
}

void pool_give_net(int fd)
{
	if (fd >= 0)
		pool_put(&nets, fd);
}

void pool_give_user(int fd)
{
	if (fd >= 0)
		pool_put(&users, fd);
}

int pool_user_for_mounts(struct failure *f)
{
	if (mounts_user < 0)
		mounts_user = pool_take_user(f, 1);
	return mounts_user;
}
