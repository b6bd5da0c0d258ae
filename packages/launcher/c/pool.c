/* Network and user namespaces: dear to make, so those that are as good as new when their container is dead are used again. */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "helper.h"
#include "kernel-file.h"
#include "launcher.h"
#include "scoped.h"
#include "sys.h"
#include "user-namespace.h"

enum { POOL_MAX = 32 };

static struct net nets[POOL_MAX];
static size_t net_n;
/* Of many ids, and of a single one. */
static struct users {
	int fd[POOL_MAX];
	size_t n;
} users[2];
static int mounts_user = -1, uppers_user = -1;

static int loopback_up(struct failure *f)
{
	scoped_fd s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_name = "lo" };

	if (s < 0)
		return fail(f, "socket", "lo");
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	return ioctl(s, SIOCSIFFLAGS, &r) < 0 ? fail(f, "ioctl", "lo") : 0;
}

static int make_net(struct failure *f, const void *arg, int *fds)
{
	struct failure quiet;

	(void)arg;
	if (loopback_up(f) < 0)
		return -f->err;
	/* root of a container may take low ports and ping without power over the namespace */
	kernel_write(&quiet, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	kernel_write(&quiet, "/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	fds[0] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fds[0] < 0)
		return fail(f, "open", "/proc/self/ns/net");
	/* bound to the namespace it was opened in, wherever it is read */
	fds[1] = open("/proc/self/net/dev", O_RDONLY | O_CLOEXEC);
	return fds[1] < 0 ? fail(f, "open", "/proc/self/net/dev") : 2;
}

int pool_take_net(struct failure *f, int fresh, struct net *net)
{
	int fds[2];

	if (!fresh && net_n) {
		*net = nets[--net_n];
		return 0;
	}
	if (helper_fds(f, CLONE_NEWNET, make_net, NULL, fds, 2) < 0)
		return -f->err;
	*net = (struct net){ .ns = fds[0], .dev = fds[1] };
	return 0;
}

/*
 * A network namespace remembers: connections in TIME_WAIT keep their ports for a minute, counters and caches for ever.
 * All of that comes from packets over the loopback; there is no other way out. Not known: it has carried some.
 */
static int is_silent(const struct net *net)
{
	char text[4096], *lo;
	ssize_t n = pread(net->dev, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = 0;
	lo = strstr(text, " lo:");
	return lo && strtoull(lo + strlen(" lo:"), NULL, 10) == 0;
}

void pool_drop_net(struct net *net)
{
	if (net->ns >= 0)
		close(net->ns);
	if (net->dev >= 0)
		close(net->dev);
	net->ns = net->dev = -1;
}

void pool_give_net(struct net *net)
{
	if (net->ns < 0)
		return;
	if (net_n == POOL_MAX || !is_silent(net)) {
		pool_drop_net(net);
		return;
	}
	nets[net_n++] = *net;
	net->ns = net->dev = -1;
}

int pool_take_user(struct failure *f, int fresh, int one)
{
	const struct id_maps alone = { { L.one_id, L.one_uid, 1 }, { L.one_id, L.one_gid, 1 } };
	struct users *pool = &users[one != 0];

	if (!fresh && pool->n)
		return pool->fd[--pool->n];
	return one ? user_namespace(f, &alone, L.setgroups) : user_namespace_by(f, L.uid_map, L.gid_map, L.setgroups);
}

void pool_give_user(int fd, int one)
{
	struct users *pool = &users[one != 0];

	if (fd >= 0 && pool->n < POOL_MAX)
		pool->fd[pool->n++] = fd;
	else if (fd >= 0)
		close(fd);
}

int pool_user_for_mounts(struct failure *f)
{
	if (mounts_user < 0)
		mounts_user = pool_take_user(f, 1, 0);
	return mounts_user;
}

/*
 * An overlay works in its upper with the credentials of whoever mounted it: us. Without an id for us there, the kernel
 * mounts it read-only and says nothing. Ours is the first above those of containers.
 */
int pool_user_for_uppers(struct failure *f)
{
	char map[2][128];

	if (uppers_user >= 0)
		return uppers_user;
	for (int i = 0; i < 2; i++)
		if (snprintf(map[i], sizeof(map[i]), "%s\n65536 0 1", i ? L.gid_map : L.uid_map) >= (int)sizeof(map[i]))
			return fail_with(f, E2BIG, "write", i ? "gid_map" : "uid_map");
	uppers_user = user_namespace_by(f, map[0], map[1], L.setgroups);
	return uppers_user;
}
