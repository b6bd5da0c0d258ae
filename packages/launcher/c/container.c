/* Containers as the launcher sees them: a pid 1 to talk to, and what must be given back when it is dead. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "init.h"
#include "launcher.h"
#include "orders.h"
#include "sys.h"

/* Namespaces a container may ask for; the mount namespace it always has, the others come from the pool. */
#define CLONE_FLAGS (CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

static const struct step_list empty;

static uint64_t micros(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static struct container *make(const struct field *a)
{
	struct container *c = must_realloc(NULL, sizeof(*c));

	memset(c, 0, sizeof(*c));
	c->node.id = (uint32_t)a[START_CONTAINER].num;
	c->keep = a[START_KEEP].num != 0;
	c->init = (struct source){ .kind = SOURCE_INIT, .fd = -1, .owner = c };
	c->death = (struct source){ .kind = SOURCE_DEATH, .fd = -1, .owner = c };
	c->upper = c->template_ns = c->net_ns = c->user_ns = -1;
	return c;
}

static void release(struct container *c)
{
	unwatch(&c->init);
	unwatch(&c->death);
	if (c->upper >= 0)
		close(c->upper);
	if (c->template_ns >= 0)
		close(c->template_ns);
	pool_give_net(c->net_ns);
	pool_give_user(c->user_ns);
	c->upper = c->template_ns = c->net_ns = c->user_ns = -1;
}

/* The lists a start needs: template and plans by number, its own steps by value. */
struct order_sheet {
	struct template *template;
	const struct step_list *container, *process;
	struct step_list own;
	uint64_t flags;
	int net, user;
};

static int read_sheet(struct failure *f, const struct field *a, struct order_sheet *o)
{
	const struct field *steps = &a[START_STEPS];
	struct plan *container = table_find(&L.plans, (uint32_t)a[START_CONTAINER_PLAN].num);
	struct plan *process = table_find(&L.plans, (uint32_t)a[START_PROCESS_PLAN].num);
	const struct step *spaces;

	o->template = table_find(&L.templates, (uint32_t)a[START_TEMPLATE].num);
	if (!o->template || (!container && a[START_CONTAINER_PLAN].num != NONE) ||
	    (!process && a[START_PROCESS_PLAN].num != NONE))
		return fail_with(f, ENOENT, "start", "template or plan");
	o->container = container ? &container->list : &empty;
	o->process = process ? &process->list : &empty;
	if (steps_take(f, &o->own, steps->ptr, steps->len, IN_CONTAINER | IN_PROCESS) < 0)
		return -f->err;
	spaces = steps_find(o->container, OP_NAMESPACES);
	o->flags = spaces ? spaces->f[NAMESPACES_FLAGS].num : 0;
	/* without a pid namespace nothing would hold the tree together */
	if (!(o->flags & CLONE_NEWPID) || (o->flags & ~(uint64_t)CLONE_FLAGS))
		return fail_with(f, EINVAL, "clone3", "namespaces");
	o->net = (int)spaces->f[NAMESPACES_NETWORK].num;
	o->user = (int)spaces->f[NAMESPACES_USER].num;
	return 0;
}

static int spawn(struct failure *f, struct container *c, struct order_sheet *o, const struct field *a,
		 const int theirs[3], int report)
{
	struct birth b = {
		.template_ns = o->template->ns, .net_ns = -1, .user_ns = -1,
		.stream = { theirs[0], theirs[1], theirs[2] }, .keep = c->keep,
		.exec = (uint32_t)a[START_EXEC].num, .report = report, .container = o->container, .process = o->process,
		.own = &o->own, .open_files = L.open_files,
	};
	int pair[2];

	f->step = NONE;
	f->op = OP_NAMESPACES;
	if (o->net && (b.net_ns = pool_take_net(f, o->net == 2)) < 0)
		return -f->err;
	if (o->user && (b.user_ns = pool_take_user(f, o->user == 2)) < 0)
		goto out;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		fail(f, "socketpair", "container");
		goto out;
	}
	b.sock = pair[1];
	c->pid = sys_fork(o->flags, &c->death.fd);
	if (c->pid == 0)
		init_run(&b);
	close(pair[1]);
	c->init.fd = pair[0];
	if (c->pid < 0)
		fail(f, "clone3", "container");
out:
	if (f->err || o->net == 1)
		c->net_ns = b.net_ns;
	else if (b.net_ns >= 0)
		close(b.net_ns);
	if (f->err || o->user == 1)
		c->user_ns = b.user_ns;
	else if (b.user_ns >= 0)
		close(b.user_ns);
	return -f->err;
}

static void start(struct failure *f, struct container *c, struct order_sheet *o, const struct field *a)
{
	struct io_request io = {
		.exec = (uint32_t)a[START_EXEC].num, .report = (uint32_t)a[START_REPORT].num,
		.in = (uint32_t)a[START_STDIN].num, .out = (uint32_t)a[START_STDOUT].num,
		.err = (uint32_t)a[START_STDERR].num, .input = &a[START_INPUT],
		.max_output = a[START_MAX_OUTPUT].num,
	};
	int theirs[3] = { -1, -1, -1 };
	struct command *cmd = NULL;

	if (io.exec != NONE) {
		cmd = command_make(&io, theirs);
		if (!cmd) {
			fail(f, "pipe2", "standard streams");
			return;
		}
		cmd->container = c;
		cmd->one_shot = !c->keep;
		if (cmd->one_shot)
			c->one = cmd;
	}
	spawn(f, c, o, a, theirs, cmd && command_reports(cmd));
	for (int i = 0; i < 3; i++)
		if (theirs[i] >= 0)
			close(theirs[i]);
	if (f->err && cmd) {
		c->one = NULL;
		command_failed(cmd, 4, f);
	}
}

void container_start(const struct field *a)
{
	struct failure f = { .step = NONE };
	struct container *c = make(a);
	struct order_sheet o = { 0 };

	if (table_find(&L.containers, c->node.id))
		fail_with(&f, EEXIST, "start", "container");
	else if (read_sheet(&f, a, &o) == 0)
		start(&f, c, &o, a);
	if (!f.err && c->keep)
		c->template_ns = fcntl(o.template->ns, F_DUPFD_CLOEXEC, 3);
	steps_free(&o.own);
	if (!f.err && (watch(&c->init, EPOLLIN) < 0 || watch(&c->death, EPOLLIN) < 0)) {
		/* it is the pidfd that tells of its end: without it there must be no container */
		sys_pidfd_send_signal(c->death.fd, SIGKILL);
		waitpid(c->pid, NULL, 0);
		fail_with(&f, ENOMEM, "epoll_ctl", "container");
	}
	if (!f.err) {
		table_add(&L.containers, &c->node);
		return;
	}
	reply_failed(&L.wire, 3, c->node.id, &f);
	release(c);
	free(c);
}

static void forget(struct container *c)
{
	release(c);
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
	command_orphan(c);
	c->keep = 0;
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
	command_ended(cmd);
}

void container_event(struct container *c)
{
	struct report r;
	int fd = -1;	/* its upper, or a master */
	ssize_t n = orders_receive(c->init.fd, &r, sizeof(r), &fd, 1);

	if (n != (ssize_t)sizeof(r)) {
		unwatch(&c->init); /* the pidfd says the rest */
		if (c->one && c->one->is_init)
			command_started(c->one, 1);
		return;
	}
	if (r.type == REPORT_CREATED) {
		c->upper = fd;
		reply_begin(&L.wire, REPLY_CREATED);
		reply_u32(&L.wire, c->node.id);
		reply_u32(&L.wire, (uint32_t)c->pid);
		reply_end(&L.wire);
		return;
	}
	if (r.type == REPORT_FAILED && r.exec == NONE)
		set_up_failed(c, &r.failure);
	else
		command_report(c, &r, fd);
}

void container_died(struct container *c)
{
	struct rusage usage;
	int status = 0;
	struct command *one;

	/* what it said before it died comes first */
	while (c->init.fd >= 0)
		container_event(c);
	if (wait4(c->pid, &status, 0, &usage) < 0)
		memset(&usage, 0, sizeof(usage));
	c->dead = 1;
	one = c->one;
	c->one = NULL;
	if (one && !one->ended) {
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
	pool_give_net(c->net_ns);
	pool_give_user(c->user_ns);
	c->net_ns = c->user_ns = -1;
	if (c->keep) {
		reply_begin(&L.wire, REPLY_GONE);
		reply_u32(&L.wire, c->node.id);
		reply_u32(&L.wire, (uint32_t)status);
		reply_end(&L.wire);
	}
	if (!c->keep || c->removed)
		forget(c);
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
	sys_pidfd_send_signal(c->death.fd, SIGKILL);
}
