#include "init.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>

#include "clock.h"
#include "descriptors.h"
#include "join.h"
#include "orders.h"
#include "parcel.h"
#include "process.h"
#include "scoped.h"
#include "setup.h"
#include "sys.h"
#include "terminal.h"
#include "tree.h"
#include "wire.h"

struct running {
	uint32_t exec;
	pid_t pid;
	uint64_t since_us, tag;
	int final;	/* its tree ends with it */
};

struct init {
	struct birth *b;
	int keep;	/* the container stays when a command ends */
	int proc;	/* our own procfs */
	int upper;	/* the tmpfs for writes, or -1 */
	int grouped;	/* the container has control groups of its own */
	struct running *run;
	size_t n, cap;
};

static int enter_namespaces(struct birth *b, struct failure *f)
{
	if (b->net_ns >= 0 && setns(b->net_ns, CLONE_NEWNET) < 0)
		return fail(f, "setns", "network namespace");
	/* a copy of the template's dozen mounts, whatever the host has */
	if (setns(b->template_ns, CLONE_NEWNS) < 0)
		return fail(f, "setns", "template");
	return unshare(CLONE_NEWNS) < 0 ? fail(f, "unshare", "mount namespace") : 0;
}

int init_enter_user(struct failure *f, int user_ns, uint32_t id)
{
	if (user_ns >= 0) {
		if (setns(user_ns, CLONE_NEWUSER) < 0)
			return fail(f, "setns", "user namespace");
		/* EPERM: groups are denied in a namespace of one id, and there are none to drop that were ours to give */
		if (syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM)
			return fail(f, "setgroups", "user namespace");
		if (syscall(SYS_setresgid, id, id, id) < 0)
			return fail(f, "setresgid", "user namespace");
		if (syscall(SYS_setresuid, id, id, id) < 0)
			return fail(f, "setresuid", "user namespace");
	}
	/* our memory is the launcher's copy: nobody in the container may look into it */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail(f, "prctl", "PR_SET_DUMPABLE");
	/* the change of user cleared it */
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? fail(f, "prctl", "PR_SET_PDEATHSIG") : 0;
}

/* All that is the same for every container of a plan, so that it can be done before one is wanted. */
static int build_root(struct birth *b, struct scene *s)
{
	s->f->step = NONE;
	s->f->op = OP_NAMESPACES;
	s->proc = setup_proc(s->f);
	if (s->proc < 0 || enter_namespaces(b, s->f) < 0)
		return -s->f->err;
	s->staging = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->staging < 0)
		return fail(s->f, "open", "template");
	s->base = s->staging;
	return setup_steps(s, b->container->step, b->container->n, IN_CONTAINER);
}

static int make_its_own(struct birth *b, struct scene *s, const struct step_list *own)
{
	if (setup_steps(s, own->step, own->n, IN_CONTAINER) < 0)
		return -s->f->err;
	s->f->op = OP_NAMESPACES;
	if (init_enter_user(s->f, b->user_ns, b->id) < 0)
		return -s->f->err;
	if (s->base != s->staging)
		close(s->base);
	close(s->staging);
	return 0;
}

static void send_report(struct init *in, struct report *r, int fd)
{
	if (orders_send(in->b->sock, r, sizeof(*r), &fd, fd >= 0 ? 1 : 0, 0) < 0)
		_exit(0); /* nobody is there any more */
}

/* With all that keeps root and writes when no process is left. */
static void send_created(struct init *in, int upper)
{
	struct report r = { .type = REPORT_CREATED, .exec = NONE };
	int fds[] = { open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
		      openat(in->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC), upper };

	if (fds[0] < 0 || fds[1] < 0) {
		r.type = REPORT_FAILED;
		fail(&r.failure, "open", fds[0] < 0 ? "/" : "self/ns/mnt");
		send_report(in, &r, -1);
		_exit(1);
	}
	if (orders_send(in->b->sock, &r, sizeof(r), fds, upper < 0 ? 2 : 3, 0) < 0)
		_exit(0);
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && fds[i] != upper)
			close(fds[i]);
}

static void remember(struct init *in, uint32_t exec, pid_t pid, uint64_t tag)
{
	if (in->n == in->cap) {
		in->cap = in->cap * 2 + 4;
		in->run = must_realloc(in->run, in->cap * sizeof(*in->run));
	}
	in->run[in->n++] = (struct running){
		.exec = exec, .pid = pid, .since_us = now_us(), .tag = tag,
	};
}

/* The master of a terminal if the command is to have one, else -1. */
static int give_terminal(struct init *in, struct process *p)
{
	const struct step *st = steps_find(p->own, OP_TERMINAL);
	int peer = -1, master;

	if (!st)
		return -1;
	master = terminal_open(&p->failure, in->proc, (uint32_t)st->f[TERMINAL_COLS].num,
			       (uint32_t)st->f[TERMINAL_ROWS].num, &peer);
	p->in = p->out = p->err = peer;
	p->terminal = 1;
	if (master < 0)
		p->failure.op = OP_TERMINAL;
	return master;
}

/* Pid 1 itself becomes the command, and the end of its socket says that it has. Nobody reaps then but the command. */
static _Noreturn void become_it(struct init *in, struct report *r, struct process *p, int master)
{
	r->type = REPORT_BECOMING;
	r->pid = 1;
	send_report(in, r, master);
	p->proc = -1;
	p->sock = in->b->sock;
	process_become(p);
	in->b->sock = p->sock;
	r->type = REPORT_FAILED;
	r->failure = p->failure;
	send_report(in, r, -1);
	_exit(0);
}

static void start(struct init *in, uint32_t exec, struct process *p, int report)
{
	struct report r = { .type = REPORT_STARTED, .exec = exec };
	int master;

	/* a one-shot ends with its command: there is nobody to tell apart */
	p->proc = in->keep ? in->proc : -1;
	p->sock = -1;
	p->grouped = in->grouped;
	p->failure.step = NONE;
	master = give_terminal(in, p);
	if (!p->failure.err && !in->keep && steps_find(p->own, OP_INIT))
		become_it(in, &r, p, master);
	r.pid = p->failure.err ? -p->failure.err : process_start(p);
	if (r.pid < 0) {
		r.type = REPORT_FAILED;
		r.failure = p->failure;
	} else {
		remember(in, exec, r.pid, p->tag);
	}
	if (report || r.pid < 0 || master >= 0)
		send_report(in, &r, r.pid < 0 ? -1 : master);
	if (r.pid < 0 && !in->keep)
		_exit(0);
	if (master >= 0) {
		close(master);
		close(p->in);
	}
}

static void fill_usage(struct report *r, const struct rusage *u)
{
	r->user_us = micros(u->ru_utime);
	r->system_us = micros(u->ru_stime);
	r->max_rss_kib = (uint64_t)u->ru_maxrss;
}

/* Whether writes failed at the end for want of room; a file that was removed again is room. */
static uint32_t full(int upper)
{
	struct statfs st;

	if (upper < 0 || fstatfs(upper, &st) < 0)
		return 0;
	return (st.f_blocks > 0 && st.f_bfree == 0 ? 1U : 0U) | (st.f_files > 0 && st.f_ffree == 0 ? 2U : 0U);
}

/* The one command of a one-shot has ended: nobody else may live on, and what they used counts. */
static void finish_one_shot(struct report *r)
{
	struct rusage all;

	kill(-1, SIGKILL);
	while (wait4(-1, NULL, 0, NULL) > 0 || errno == EINTR)
		;
	getrusage(RUSAGE_CHILDREN, &all);
	fill_usage(r, &all);
}

static void reap(struct init *in)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		struct report r = { .type = REPORT_ENDED, .pid = pid, .status = status };
		size_t i = 0;

		while (i < in->n && in->run[i].pid != pid)
			i++;
		if (i == in->n)
			continue; /* an orphan */
		/* what cannot be killed alone goes with the container */
		if (in->run[i].final && in->run[i].tag && tree_kill(in->proc, in->run[i].tag) < 0)
			_exit(1);
		r.exec = in->run[i].exec;
		r.wall_us = now_us() - in->run[i].since_us;
		in->run[i] = in->run[--in->n];
		fill_usage(&r, &usage);
		if (!in->keep)
			finish_one_shot(&r);
		r.full = full(in->upper);
		send_report(in, &r, -1);
		if (!in->keep)
			_exit(0);
	}
}

/* The same steps for the first command and for every later one. */
static void run(struct init *in, const struct parcel *p, int report)
{
	struct process command = {
		.plan = &p->plan, .own = &p->own,
		.in = p->stream[0], .out = p->stream[1], .err = p->stream[2], .groups = p->group,
	};

	if (p->f.err) {
		struct report r = { .type = REPORT_FAILED, .exec = p->o.exec, .failure = p->f };

		send_report(in, &r, -1);
		return;
	}
	start(in, p->o.exec, &command, report);
}

static void order_signal(struct init *in, const struct order *o)
{
	for (size_t i = 0; i < in->n; i++) {
		if (in->run[i].exec != o->exec)
			continue;
		in->run[i].final |= o->final != 0;
		kill(in->run[i].pid, o->signo);
		if (o->signo != SIGKILL)
			return;
		/* the whole tree, before its end is reported; what cannot be killed alone goes with the container */
		if (in->run[i].tag && tree_kill(in->proc, in->run[i].tag) < 0)
			_exit(1);
		return;
	}
}

static void take_order(struct init *in)
{
	struct parcel p;

	parcel_receive(in->b->sock, &p);
	if (p.o.type == ORDER_EXEC)
		run(in, &p, 1);
	else if (p.o.type == ORDER_SIGNAL)
		order_signal(in, &p.o);
	parcel_free(&p);
}

static void serve(struct init *in, int signals)
{
	struct pollfd on[] = { { .fd = signals, .events = POLLIN }, { .fd = in->b->sock, .events = POLLIN } };
	struct signalfd_siginfo info[8];

	for (;;) {
		if (poll(on, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		if (on[0].revents && read(signals, info, sizeof(info)) > 0)
			reap(in);
		if (on[1].revents)
			take_order(in);
	}
}

static _Noreturn void give_up(struct init *in, const struct failure *f)
{
	struct report r = { .type = REPORT_FAILED, .exec = NONE, .failure = *f };

	send_report(in, &r, -1);
	_exit(1);
}

static int child_signals(struct failure *f)
{
	sigset_t child;
	int fd;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	/* one that is not blocked goes by unseen, and so does the end of every command */
	if (sigprocmask(SIG_BLOCK, &child, NULL) < 0)
		return fail(f, "rt_sigprocmask", "container");
	fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? fail(f, "signalfd", "container") : fd;
}

static void begin(struct init *in, struct scene *s)
{
	struct parcel p;

	parcel_receive(in->b->sock, &p);
	prctl(PR_SET_NAME, "caisson-init", 0, 0, 0);
	/* before the user namespace: who opened a tasks file decided about it, and who writes is asked for as well */
	if (!p.f.err)
		join_tasks(&p.f, &p.own, p.group, OP_CGROUP);
	if (p.f.err)
		give_up(in, &p.f);
	in->grouped = steps_find(&p.own, OP_CGROUP) != NULL;
	if (make_its_own(in->b, s, &p.own) < 0)
		give_up(in, s->f);
	close(in->b->template_ns);
	if (in->b->net_ns >= 0)
		close(in->b->net_ns);
	if (in->b->user_ns >= 0)
		close(in->b->user_ns);
	in->proc = s->proc;
	in->keep = p.o.keep != 0;
	in->upper = s->upper;
	if (in->keep)
		send_created(in, s->upper);
	if (p.o.exec != NONE)
		run(in, &p, p.o.report != 0);
	parcel_free(&p);
}

_Noreturn void init_run(struct birth *b)
{
	struct init in = { .b = b, .proc = -1, .upper = -1 };
	struct failure f = { .step = NONE };
	struct scene s = { .f = &f, .base = -1, .userns = -1, .upper = -1, .sock = b->sock };
	int keep[] = { b->sock, b->template_ns, b->net_ns, b->user_ns };
	int signals;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_NAME, "caisson-spare", 0, 0, 0); /* what ps shows as long as it is nobody's */
	keep_only(keep, sizeof(keep) / sizeof(*keep));
	setrlimit(RLIMIT_NOFILE, &b->open_files);
	if (build_root(b, &s) < 0)
		give_up(&in, &f);
	signals = child_signals(&f);
	if (signals < 0)
		give_up(&in, &f);
	begin(&in, &s);
	serve(&in, signals);
	_exit(0);
}
