/*
 * The launcher. Started once per engine with a control socket as descriptor 3; carries plans out until that socket ends,
 * and then nothing it started lives on. It takes no arguments and reads no environment, no configuration.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "fuse-root.h"
#include "launcher.h"
#include "listen.h"
#include "mailbox.h"
#include "seal.h"
#include "sys.h"

enum { CONTROL_FD = 3, EVENTS = 64, SIGNALS = 64, SPARE_IDLE_MS = 5000 };

struct launcher L;

int watch(struct source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	return epoll_ctl(L.epoll, EPOLL_CTL_ADD, s->fd, &e) < 0 ? -errno : 0;
}

int rewatch(struct source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	return epoll_ctl(L.epoll, EPOLL_CTL_MOD, s->fd, &e) < 0 ? -errno : 0;
}

void unwatch(struct source *s)
{
	if (s->fd < 0)
		return;
	/* an explicit removal: a copy of the file in a child would keep the event alive after close */
	epoll_ctl(L.epoll, EPOLL_CTL_DEL, s->fd, NULL);
	close(s->fd);
	s->fd = -1;
}

void bury(void)
{
	servers_bury();
	while (L.dead_containers) {
		struct container *c = L.dead_containers;

		L.dead_containers = c->next_dead;
		free(c->born);
		free((void *)(uintptr_t)c->owned.ptr);
		free(c);
	}
	while (L.dead_commands) {
		struct command *cmd = L.dead_commands;

		L.dead_commands = cmd->next_dead;
		free(cmd->relay);
		free(cmd);
	}
}

static void take_template(const struct field *a)
{
	struct failure f = { .step = NONE };
	struct template *t = must_realloc(NULL, sizeof(*t));
	struct step_list steps;

	memset(t, 0, sizeof(*t));
	t->node.id = (uint32_t)a[TEMPLATE_ID].num;
	if (steps_take(&f, &steps, a[TEMPLATE_STEPS].ptr, a[TEMPLATE_STEPS].len, IN_TEMPLATE) == 0)
		t->ns = template_build(&f, &steps);
	steps_free(&steps);
	if (f.err) {
		reply_failed(&L.wire, 1, t->node.id, &f);
		free(t);
		return;
	}
	table_add(&L.templates, &t->node);
	reply_begin(&L.wire, REPLY_BUILT);
	reply_u32(&L.wire, t->node.id);
	reply_end(&L.wire);
}

static void take_plan(const struct field *a)
{
	struct failure f = { .step = NONE };
	struct plan *p = must_realloc(NULL, sizeof(*p));

	memset(p, 0, sizeof(*p));
	p->node.id = (uint32_t)a[PLAN_ID].num;
	if (steps_take(&f, &p->list, a[PLAN_STEPS].ptr, a[PLAN_STEPS].len, IN_CONTAINER | IN_PROCESS) < 0) {
		reply_failed(&L.wire, 2, p->node.id, &f);
		free(p);
		return;
	}
	table_add(&L.plans, &p->node);
}

static void drop(uint32_t kind, uint32_t id)
{
	struct template *t = kind == 1 ? table_find(&L.templates, id) : NULL;
	struct plan *p = kind == 2 ? table_find(&L.plans, id) : NULL;

	if (kind == 4)
		command_drop(id);
	if (t) {
		birth_end_spares(t, NULL);
		table_remove(&L.templates, &t->node);
		close(t->ns);
		free(t);
	}
	if (p) {
		birth_end_spares(NULL, p);
		table_remove(&L.plans, &p->node);
		steps_free(&p->list);
		free(p);
	}
}

void lists_forget(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (L.templates.bucket[i])
			drop(1, L.templates.bucket[i]->id);
		while (L.plans.bucket[i])
			drop(2, L.plans.bucket[i]->id);
	}
}

static void carry_out(uint32_t type, const struct field *a)
{
	struct failure f = { .step = NONE };

	switch ((enum request_type)type) {
	case REQ_HELLO:
	case REQ_MAPPED:
		if ((type == REQ_HELLO ? identity_hello(&f, a) : identity_mapped(&f)) < 0)
			reply_failed(&L.wire, 0, 0, &f);
		break;
	case REQ_TEMPLATE:
		take_template(a);
		break;
	case REQ_PLAN:
		take_plan(a);
		break;
	case REQ_DROP:
		drop((uint32_t)a[DROP_KIND].num, (uint32_t)a[DROP_ID].num);
		break;
	case REQ_START:
		container_start(a);
		break;
	case REQ_EXEC:
		command_exec(a);
		break;
	case REQ_SIGNAL:
		command_signal((uint32_t)a[SIGNAL_EXEC].num, (int)a[SIGNAL_SIGNO].num, a[SIGNAL_FINAL].num != 0);
		break;
	case REQ_STOP:
		container_stop((uint32_t)a[STOP_CONTAINER].num);
		break;
	case REQ_REMOVE:
		container_remove((uint32_t)a[REMOVE_CONTAINER].num);
		break;
	case REQ_OPENED:
		command_opened((uint32_t)a[OPENED_EXEC].num, (int)a[OPENED_STREAM].num);
		break;
	case REQ_CHANGES:
	case REQ_COPY_UPPER:
	case REQ_SEAL:
	case REQ_MERGE:
		command_upper(type, a);
		break;
	case REQ_RESIZE:
		command_resize((uint32_t)a[RESIZE_EXEC].num, (uint32_t)a[RESIZE_COLS].num, (uint32_t)a[RESIZE_ROWS].num);
		break;
	case REQ_FILES:
		command_files(a);
		break;
	case REQ_LIMIT:
		command_limit(a);
		break;
	case REQ_JAIL:
		command_jail(a);
		break;
	case REQ_LISTEN:
		listen_request(a);
		break;
	case REQ_HERE: /* said too often: peer.c heard it when it meant something */
		break;
	}
}

/* Kills what lives and waits for it: the client is gone, and nothing may outlive it. */
static _Noreturn void leave(int code)
{
	birth_end_spares(NULL, NULL);
	listen_end();
	containers_end();
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct node *n = L.commands.bucket[i]; n; n = n->next)
			if (((struct command *)n)->death.fd >= 0)
				sys_pidfd_send_signal(((struct command *)n)->death.fd, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	containers_remove_groups();
	_exit(code);
}

/* Its client is no use any more: a launcher of its own goes on without it. */
static void lose_client(int code)
{
	if (!listening())
		leave(code);
	listen_client_gone();
}

/* The same for the socket itself: unless it was closed, the client is still there to read why. */
static void lose_socket(const char *call, int err)
{
	lose_client(err == -EPIPE || err == -ECONNRESET ? 0 : last_words(0, call));
}

static void control(uint32_t events)
{
	struct field a[FIELDS_MAX];
	const unsigned char *body;
	uint32_t type;
	size_t size;
	int more, err;

	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	err = wire_receive(&L.wire);
	if (err < 0) {
		lose_socket("recvfrom", err);
		return;
	}
	while ((more = wire_next(&L.wire, &type, &body, &size)) > 0) {
		if (decode_request(type, body, size, a) < 0) {
			more = -1;
			break;
		}
		if (!L.ready && type != REQ_HELLO && type != REQ_MAPPED)
			leave(115);
		carry_out(type, a);
	}
	if (more < 0)
		lose_client(114);
}

static void dispatch(struct source *s, uint32_t events)
{
	switch (s->kind) {
	case SOURCE_CONTROL:
		if (s->fd >= 0)
			control(events);
		break;
	case SOURCE_DOOR:
	case SOURCE_GUEST:
		listen_event(s);
		break;
	case SOURCE_INIT:
		if (s->fd >= 0)
			container_event(s->owner, events);
		break;
	case SOURCE_SERVER:
	case SOURCE_LATE:
		server_event(s);
		break;
	case SOURCE_DEATH:
		if (s->fd < 0)
			break;
		if (s->stream)
			command_event(s);
		else
			container_died(s->owner);
		break;
	case SOURCE_OUTPUT:
	case SOURCE_INPUT:
	case SOURCE_RELAY:
		if (s->fd >= 0)
			command_event(s);
		break;
	}
}

static int pause_ms(void)
{
	int ms = mailbox_pause();

	return listen_pause(ms < 0 && birth_has_spares() ? SPARE_IDLE_MS : ms);
}

static void answer(void)
{
	int left;

	if (L.control.fd < 0) {
		wire_reset(&L.wire); /* nobody is told */
		L.waiting = 0;
		return;
	}
	left = wire_flush(&L.wire);
	if (left < 0) {
		lose_socket("sendto", left);
		left = 0;
	} else if (left != L.waiting) {
		rewatch(&L.control, EPOLLIN | (left ? EPOLLOUT : 0U));
	}
	L.waiting = left;
}

static _Noreturn void loop(void)
{
	struct epoll_event e[EVENTS];

	for (;;) {
		int n = epoll_wait(L.epoll, e, EVENTS, pause_ms());

		if (n == 0 && mailbox_pause() < 0)
			birth_end_spares(NULL, NULL); /* nobody has wanted one for a while */
		for (int i = 0; i < n; i++)
			dispatch(e[i].data.ptr, e[i].events);
		mailbox_check();
		bury();
		answer();
		if (!listen_needed())
			leave(0);
	}
}

/* Whatever the caller left us: handlers, masks, descriptors, its terminal. */
static void clean_inheritance(void)
{
	struct rlimit files;
	sigset_t none;

	for (int i = 1; i <= SIGNALS; i++)
		signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN); /* a command that stops reading its input is no reason to die; undone in process.c */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	sys_close_range(CONTROL_FD + 1, ~0U);
	setsid(); /* Ctrl-C at the caller's terminal is the caller's to handle */
	umask(022);
	if (getrlimit(RLIMIT_NOFILE, &L.open_files) == 0) {
		files = L.open_files;
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* An instrumented build stays what it is: its reports name lines by the file they are in. */
#ifdef __SANITIZE_ADDRESS__
static int seal(char **envp)
{
	(void)envp;
	return 0;
}
#else
static int seal(char **envp)
{
	struct failure f = { .step = NONE };

	if (seal_self(&f, envp) < 0)
		dprintf(STDERR_FILENO, "no sealed copy of the launcher: %s: %s (see vm.memfd_noexec)\n", f.call, strerror(f.err));
	return -f.err;
}
#endif

int main(int argc, char **argv, char **envp)
{
	/* set-user-ID would turn every field of a plan into an attack */
	if (getauxval(AT_SECURE) || geteuid() != getuid() || getegid() != getgid())
		return last_words(111, "set-user-ID: getuid, geteuid, getgid and getegid differ, or AT_SECURE is set");
	(void)argc;
	(void)argv;
	if (fcntl(CONTROL_FD, F_GETFD) < 0)
		return last_words(110, "fcntl: no control socket: not started by the client");
	if (seal(envp) < 0)
		return 116;
	fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	clean_inheritance();
	L.wire.fd = CONTROL_FD;
	L.logs = -1;
	L.control = (struct source){ .kind = SOURCE_CONTROL, .fd = CONTROL_FD };
	L.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (L.epoll < 0 || watch(&L.control, EPOLLIN) < 0)
		return last_words(112, "epoll_create1, epoll_ctl: the control socket cannot be watched");
	loop();
}
