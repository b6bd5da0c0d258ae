/* Containers as the launcher sees them: a pid 1 to talk to, and what must be given back when it is dead. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "fuse-root.h"
#include "init.h"
#include "launcher.h"
#include "listen.h"
#include "mailbox.h"
#include "orders.h"
#include "sys.h"

void container_release(struct container *c)
{
	mailbox_clear(c);
	servers_end(c);
	unwatch(&c->init);
	unwatch(&c->death);
	if (c->upper >= 0)
		close(c->upper);
	if (c->template_ns >= 0)
		close(c->template_ns);
	if (c->root >= 0)
		close(c->root);
	if (c->mount_ns >= 0)
		close(c->mount_ns);
	pool_give_net(&c->net);
	if (!c->user_seen)
		pool_give_user(c->user_ns, c->single);
	else if (c->user_ns >= 0)
		close(c->user_ns);
	c->upper = c->template_ns = c->user_ns = c->root = c->mount_ns = -1;
}

/* The order that makes a container of what birth_take returned, with its first command if there is one. */
static int give_order(struct failure *f, struct container *c, const struct plan *process, const struct field *a,
		      const struct groups *g)
{
	struct io_request io = {
		.exec = (uint32_t)a[START_EXEC].num, .report = (uint32_t)a[START_REPORT].num,
		.in = (uint32_t)a[START_STDIN].num, .out = (uint32_t)a[START_STDOUT].num,
		.err = (uint32_t)a[START_STDERR].num, .input = &a[START_INPUT],
		.max_output = a[START_MAX_OUTPUT].num,
	};
	struct order o = { .type = ORDER_START, .exec = io.exec, .keep = (uint32_t)c->keep };
	int theirs[3] = { -1, -1, -1 };
	struct command *cmd = NULL;

	if (io.exec != NONE) {
		cmd = command_make(&io, theirs);
		if (!cmd)
			return fail(f, "pipe2", "standard streams");
		cmd->container = c;
		cmd->one_shot = !c->keep;
		c->one = cmd->one_shot ? cmd : NULL;
		o.report = command_reports(cmd) != 0;
	}
	order_send(f, c, &o, process ? &process->list : NULL, g, theirs);
	for (int i = 0; i < 3; i++)
		if (theirs[i] >= 0)
			close(theirs[i]);
	if (f->err == EPIPE)
		f->err = 0; /* its set-up failed already: it has told why, and that is what counts */
	if (f->err && cmd) {
		c->one = NULL;
		command_failed(cmd, 4, f);
	}
	return -f->err;
}

static void own_groups(struct container *c, const struct groups *g)
{
	unsigned char *bytes;

	if (!g->owned.num)
		return;
	bytes = must_realloc(NULL, g->owned.len);
	memcpy(bytes, g->owned.ptr, g->owned.len);
	c->owned = g->owned;
	c->owned.ptr = bytes;
}

static void remove_groups(const struct container *c)
{
	size_t at = 0;

	for (uint64_t i = 0; i < c->owned.num; i++)
		group_remove(next_text(&c->owned, &at));
}

void containers_end(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct node *n = L.containers.bucket[i]; n; n = n->next) {
			struct container *c = (struct container *)n;

			if (!c->dead)
				container_kill(c);
			servers_end(c);
		}
	}
}

void containers_remove_groups(void)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct node *n = L.containers.bucket[i]; n; n = n->next)
			remove_groups((struct container *)n);
}

void container_start(const struct field *a)
{
	struct failure f = { .step = NONE };
	uint32_t id = (uint32_t)a[START_CONTAINER].num;
	struct template *t = table_find(&L.templates, (uint32_t)a[START_TEMPLATE].num);
	struct plan *plan = table_find(&L.plans, (uint32_t)a[START_CONTAINER_PLAN].num);
	struct plan *process = table_find(&L.plans, (uint32_t)a[START_PROCESS_PLAN].num);
	struct groups g = { .n = 0 };
	struct container *c = NULL;

	if (!t || !plan || (!process && a[START_PROCESS_PLAN].num != NONE))
		fail_with(&f, ENOENT, "start", "template or plan");
	else if (id == NONE || table_find(&L.containers, id))
		fail_with(&f, EEXIST, "start", "container");
	else if (groups_open(&f, &g, &a[START_STEPS]) == 0)
		c = birth_take(&f, t, plan, g.born);
	if (c) {
		c->node.id = id;
		c->keep = a[START_KEEP].num != 0;
		if (c->keep)
			c->template_ns = fcntl(t->ns, F_DUPFD_CLOEXEC, 3);
		own_groups(c, &g);
		table_add(&L.containers, &c->node);
		/* without an order it is nobody's: it ends, and its end makes it forgotten */
		if (give_order(&f, c, process, a, &g) < 0) {
			c->keep = 0;
			sys_pidfd_send_signal(c->death.fd, SIGKILL);
		}
		birth_refill(t, plan, g.ahead);
	}
	groups_close(&g);
	if (f.err)
		reply_failed(&L.wire, 3, id, &f);
}

static void forget(struct container *c)
{
	files_end(c);
	/* it may have outlived whoever would do so */
	if (listening())
		remove_groups(c);
	container_release(c);
	table_remove(&L.containers, &c->node);
	c->next_dead = L.dead_containers;
	L.dead_containers = c;
}

/* A set-up that failed: the container is told of, its pid 1 is about to end by itself. */
static void set_up_failed(struct container *c, const struct failure *f)
{
	if (c->one) {
		command_failed(c->one, 3, f);
		c->one = NULL;
	}
	reply_failed(&L.wire, 3, c->node.id, f);
	c->told = 1;
	command_orphan(c);
	c->keep = 0;
}

static void tell_created(const struct container *c)
{
	reply_begin(&L.wire, REPLY_CREATED);
	reply_u32(&L.wire, c->node.id);
	reply_u32(&L.wire, (uint32_t)c->pid);
	reply_end(&L.wire);
}

static void tell_gone(const struct container *c)
{
	reply_begin(&L.wire, REPLY_GONE);
	reply_u32(&L.wire, c->node.id);
	reply_u32(&L.wire, (uint32_t)c->status);
	reply_end(&L.wire);
}

void containers_tell(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct node *n = L.containers.bucket[i]; n; n = n->next) {
			struct container *c = (struct container *)n;

			if (c->created)
				tell_created(c);
			if (c->created && c->dead)
				tell_gone(c);
		}
	}
}

static void created(struct container *c, const int fds[3])
{
	c->root = fds[0];
	c->mount_ns = fds[1];
	c->upper = fds[2];
	c->told = c->created = 1;
	tell_created(c);
}

/* Takes `master`. */
static void command_report(struct container *c, const struct report *r, int master)
{
	struct command *cmd = table_find(&L.commands, r->exec);
	int known = cmd && cmd->container == c && !cmd->ended;

	if (known && master >= 0)
		command_terminal(cmd, master);
	else if (master >= 0)
		close(master);
	if (!known)
		return;
	if (r->type == REPORT_BECOMING) {
		cmd->is_init = 1;
		return;
	}
	if (r->type == REPORT_STARTED) {
		command_started(cmd, (uint32_t)r->pid);
		return;
	}
	if (c->one == cmd)
		c->one = NULL;
	if (r->type == REPORT_FAILED) {
		command_failed(cmd, 4, &r->failure);
		return;
	}
	cmd->pid = (uint32_t)r->pid;
	cmd->status = r->status;
	cmd->user_us = r->user_us;
	cmd->system_us = r->system_us;
	cmd->max_rss_kib = r->max_rss_kib;
	cmd->wall_us = r->wall_us;
	cmd->full = r->full;
	command_ended(cmd);
}

/* Its pid 1 is the command now, unless it is dead. A kill that it was sent as a letter it has not read. */
static void became(struct container *c)
{
	if (c->one->to_die)
		sys_pidfd_send_signal(c->death.fd, SIGKILL);
	command_started(c->one, 1);
}

void container_event(struct container *c, uint32_t events)
{
	struct report r;
	int fds[3] = { -1, -1, -1 };	/* root, mount namespace and upper, or a master */
	ssize_t n;

	if (events & EPOLLOUT)
		mailbox_flush(c);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	n = orders_receive(c->init.fd, &r, sizeof(r), fds, 3);
	if (n != (ssize_t)sizeof(r)) {
		if (c->one && c->one->is_init)
			became(c);
		else /* of its end the pidfd tells; and a pid 1 that we cannot hear must not live on */
			sys_pidfd_send_signal(c->death.fd, SIGKILL);
		mailbox_clear(c);
		unwatch(&c->init);
		return;
	}
	c->heard_us = now_us();
	if (r.type == REPORT_SERVE) {
		server_start(c, &r, fds);
		return;
	}
	if (r.type == REPORT_SERVED) {
		server_answered(c);
		return;
	}
	if (r.type == REPORT_CREATED) {
		created(c, fds);
		return;
	}
	if (c->node.id == NONE) {
		c->spare_plan->no_spare = 1; /* who wants it will hear why, from one of its own */
		unwatch(&c->init);
		return;
	}
	/* whose files are no more, it may fail by that; of which its container's end tells */
	if (r.type == REPORT_ENDED && r.status && (c->unserved || servers_dying(c)))
		return;
	if (r.type == REPORT_FAILED && r.exec == NONE)
		set_up_failed(c, &r.failure);
	else
		command_report(c, &r, fds[0]);
}

void container_died(struct container *c)
{
	struct failure unserved = { .step = NONE, .op = OP_FUSE_ROOT };
	struct rusage usage;
	int status = 0;
	struct command *one;

	/* errno tells which it was */
	fail_with(&unserved, c->unserved ? c->unserved : EIO, "read", "fuse-overlayfs");
	/* what it said before it died comes first */
	while (c->init.fd >= 0)
		container_event(c, EPOLLIN);
	mailbox_clear(c);
	if (wait4(c->pid, &status, 0, &usage) < 0)
		memset(&usage, 0, sizeof(usage));
	c->dead = 1;
	one = c->one;
	c->one = NULL;
	if (one && !one->ended && c->unserved) {
		command_failed(one, 4, &unserved);
	} else if (one && !one->ended && !one->is_init && WIFEXITED(status)) {
		struct failure f = { .step = NONE };
		int memory = WEXITSTATUS(status) == 112;

		/* nobody killed it: it could not go on, and has not told of the command's end */
		fail_with(&f, memory ? ENOMEM : EIO, memory ? "mmap" : "recvmsg", "pid 1 gave up");
		command_failed(one, 4, &f);
	} else if (one && !one->ended) {
		/* it was its pid 1, or was killed with it; the use includes everybody it reaped */
		one->status = one->is_init ? status : SIGKILL;
		one->user_us = micros(usage.ru_utime);
		one->system_us = micros(usage.ru_stime);
		one->max_rss_kib = (uint64_t)usage.ru_maxrss;
		one->wall_us = now_us() - one->since_us;
		command_ended(one);
	}
	command_orphan(c);
	unwatch(&c->death);
	if (c->node.id == NONE)
		birth_forget(c);
	pool_give_net(&c->net);
	c->status = status | (c->unserved ? STATUS_UNSERVED : 0) | (c->stuck ? STATUS_STUCK : 0);
	if (c->keep && !c->told) {
		struct failure f = { .step = NONE };

		/* killed while it was made */
		fail_with(&f, EIO, "clone3", "pid 1 died");
		reply_failed(&L.wire, 3, c->node.id, c->unserved ? &unserved : &f);
		c->removed = 1;
	} else if (c->keep) {
		tell_gone(c);
	}
	if (!c->keep || c->removed)
		forget(c);
}

void container_kill(struct container *c)
{
	sys_pidfd_send_signal(c->death.fd, SIGKILL);
	/* who waits for an answer of it cannot be killed before it is */
	servers_end(c);
}

void container_stop(uint32_t id)
{
	struct container *c = table_find(&L.containers, id);

	if (c && !c->dead)
		sys_pidfd_send_signal(c->death.fd, SIGKILL);
}

void container_remove(uint32_t id)
{
	struct container *c = table_find(&L.containers, id);

	if (!c)
		return;
	if (c->dead) {
		forget(c);
		return;
	}
	c->removed = 1;
	container_kill(c);
}
