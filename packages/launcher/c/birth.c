/*
 * Pid 1s. Forking one and building its root is most of what a start costs, and it is the same for every container of a
 * plan; so one is made ahead for a plan that is used repeatedly. A spare has run the plan's container steps and waits,
 * outside any user namespace and with no foreign program in it, for the order that makes it somebody's.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "init.h"
#include "launcher.h"
#include "scoped.h"
#include "sys.h"

/* Namespaces a plan may ask for; the mount namespace it always has, the others come from the pool. */
#define CLONE_FLAGS (CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

enum { SPARES_MAX = 4 };

static struct container *spares;
static size_t spare_count;

static int is_fresh(const struct plan *p, int which)
{
	const struct step *st = steps_find(&p->list, OP_NAMESPACES);

	return st && st->f[which].num == 2;
}

static int take_namespaces(struct failure *f, const struct plan *p, struct birth *b, uint64_t *flags,
			   struct container *c)
{
	const struct step *st = steps_find(&p->list, OP_NAMESPACES);
	uint64_t net, user;

	f->op = OP_NAMESPACES;
	*flags = st ? st->f[NAMESPACES_FLAGS].num : 0;
	/* without a pid namespace nothing would hold the tree together */
	if (!(*flags & CLONE_NEWPID) || (*flags & ~(uint64_t)CLONE_FLAGS) || st->f[NAMESPACES_USER].num > 4)
		return fail_with(f, EINVAL, "clone3", "namespaces");
	net = st->f[NAMESPACES_NETWORK].num;
	user = st->f[NAMESPACES_USER].num;
	if (net && pool_take_net(f, net == 2, &c->net) < 0)
		return -f->err;
	b->net_ns = c->net.ns;
	c->single = user == 3 || user == 4;
	c->user_seen = user == 2 || user == 4;
	if (user && (b->user_ns = pool_take_user(f, c->user_seen, c->single)) < 0)
		return b->user_ns;
	b->id = c->single ? L.one_id : 0;
	c->user_ns = user ? b->user_ns : -1;
	return 0;
}

static int spawn(struct failure *f, struct container *c, const struct template *t, const struct plan *p)
{
	struct birth b = {
		.template_ns = t->ns, .net_ns = -1, .user_ns = -1,
		.container = &p->list, .open_files = L.open_files,
	};
	scoped_fd group = c->born ? group_directory(f, c->born) : -1;
	int pair[2] = { -1, -1 };
	uint64_t flags;

	if (!f->err && take_namespaces(f, p, &b, &flags, c) == 0 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		fail(f, "socketpair", "container");
	if (!f->err) {
		b.sock = pair[1];
		/*
		 * It stays in our cgroup namespace, where it may clone commands into groups beside its own (mount option
		 * nsdelegate); each of them gets a namespace of its own.
		 */
		if (group >= 0)
			flags &= ~(uint64_t)CLONE_NEWCGROUP;
		c->pid = sys_fork_into(flags, &c->death.fd, group);
		if (c->pid == 0)
			init_run(&b);
		close(pair[1]);
		c->init.fd = pair[0];
		if (c->pid < 0)
			fail(f, "clone3", group < 0 ? "container" : c->born);
	}
	/* fresh ones live as long as the container does, without us */
	if (is_fresh(p, NAMESPACES_NETWORK))
		pool_drop_net(&c->net);
	return -f->err;
}

static struct container *make(struct failure *f, struct template *t, struct plan *p, const char *born)
{
	struct container *c = must_realloc(NULL, sizeof(*c));

	memset(c, 0, sizeof(*c));
	c->node.id = NONE;
	c->spare_template = t;
	c->spare_plan = p;
	c->born = born[0] ? must_copy(born) : NULL;
	c->init = (struct source){ .kind = SOURCE_INIT, .fd = -1, .owner = c };
	c->death = (struct source){ .kind = SOURCE_DEATH, .fd = -1, .owner = c };
	c->upper = c->template_ns = c->root = c->mount_ns = c->user_ns = c->net.ns = c->net.dev = -1;
	if (spawn(f, c, t, p) == 0 && (watch(&c->init, EPOLLIN) < 0 || watch(&c->death, EPOLLIN) < 0)) {
		/* it is the pidfd that tells of its end: without it there must be no container */
		fail(f, "epoll_ctl", "container");
		if (sys_pidfd_send_signal(c->death.fd, SIGKILL) == 0)
			waitpid(c->pid, NULL, 0);
	}
	if (!f->err)
		return c;
	container_release(c);
	free(c->born);
	free(c);
	return NULL;
}

void birth_forget(struct container *c)
{
	struct container **at = &spares;

	while (*at && *at != c)
		at = &(*at)->next_spare;
	if (!*at)
		return;
	*at = c->next_spare;
	spare_count--;
}

/* One that has died is still in the list until its event is read. */
static int is_alive(const struct container *c)
{
	struct pollfd dead = { .fd = c->death.fd, .events = POLLIN };

	return c->init.fd >= 0 && poll(&dead, 1, 0) == 0;
}

static int is_in(const struct container *c, const char *born)
{
	return !strcmp(c->born ? c->born : "", born);
}

static struct container *find(const struct template *t, const struct plan *p, const char *born)
{
	struct container *c = spares;

	while (c && (c->spare_template != t || c->spare_plan != p || !is_in(c, born) || !is_alive(c)))
		c = c->next_spare;
	return c;
}

/* It leaves the list when it is dead. */
static void end(struct container *c)
{
	sys_pidfd_send_signal(c->death.fd, SIGKILL);
	unwatch(&c->init);
}

struct container *birth_take(struct failure *f, struct template *t, struct plan *p, const char *born)
{
	struct container *c = find(t, p, born);

	p->starts++;
	if (c)
		birth_forget(c);
	/* the group is taken: who was made in it for another plan would be in the way */
	for (struct container *other = spares; born[0] && other; other = other->next_spare)
		if (is_in(other, born) && other->death.fd >= 0)
			end(other);
	return c ? c : make(f, t, p, born);
}

void birth_refill(struct template *t, struct plan *p, const char *born)
{
	struct failure quiet = { .step = NONE };
	struct container *c;

	/* a copy of a root, or a program, is too much to have in reserve */
	if (p->starts < 2 || p->no_spare || steps_find(&p->list, OP_COPY_ROOT) ||
	    steps_find(&p->list, OP_FUSE_ROOT) || find(t, p, born))
		return;
	if (spare_count >= SPARES_MAX) {
		for (c = spares; c && c->next_spare; c = c->next_spare)
			;
		if (c && c->init.fd >= 0)
			end(c); /* the oldest; its place is free when it is dead */
		return;
	}
	c = make(&quiet, t, p, born);
	if (!c)
		return;
	c->next_spare = spares;
	spares = c;
	spare_count++;
}

void birth_end_spares(const struct template *t, const struct plan *p)
{
	for (struct container *c = spares; c; c = c->next_spare)
		if ((!t || c->spare_template == t) && (!p || c->spare_plan == p) && c->death.fd >= 0)
			end(c);
}

int birth_has_spares(void)
{
	return spare_count > 0;
}
