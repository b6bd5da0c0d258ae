/* Commands as the launcher sees them: pipes, what they printed, how they ended. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "init.h"
#include "listen.h"
#include "launcher.h"
#include "mailbox.h"
#include "relay.h"
#include "sys.h"

enum { CHUNK = 64 << 10, CHUNKS_A_TURN = 16 };

void command_bury(struct command *cmd)
{
	for (int i = 0; i < 3; i++) {
		unwatch(&cmd->stream[i]);
		capture_free(&cmd->capture[i]);
		log_close(&cmd->log[i]);
	}
	free(cmd->failed);
	unwatch(&cmd->death);
	if (cmd->relay)
		relay_close(cmd);
	free(cmd->input);
	cmd->input = NULL;
	table_remove(&L.commands, &cmd->node);
	cmd->next_dead = L.dead_commands;
	L.dead_commands = cmd;
}

/* The client opens its streams through our descriptors: as long as it has not, they must stay. */
static void bury_when_done(struct command *cmd)
{
	/* its client may be gone before it has read of this */
	if (listening() && !cmd->worker)
		return;
	if (relay_open(cmd))
		return;
	for (int i = 0; i < 3; i++)
		if (cmd->mode[i] == STDIO_STREAM && cmd->stream[i].fd >= 0)
			return;
	command_bury(cmd);
}

static int make_pipe(struct command *cmd, int i, int theirs[3])
{
	int p[2], mine = i == 0 ? 1 : 0;

	if (cmd->mode[i] == STDIO_NULL || cmd->mode[i] == STDIO_TERMINAL)
		return 0;
	/* a terminal takes bytes and gives what is captured without a pipe */
	if (cmd->mode[2] == STDIO_TERMINAL && cmd->mode[i] != STDIO_STREAM)
		return 0;
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	cmd->stream[i].fd = p[mine];
	theirs[i] = p[!mine];
	/* /dev/stdout is opened anew by its reader's rights, which are not ours: the pipe is the command's to use */
	if (fchmod(p[0], 0666) < 0)
		return -errno;
	if (cmd->mode[i] == STDIO_STREAM)
		return 0;
	/* only our end: O_NONBLOCK belongs to the open file, and the two ends are two */
	if (fcntl(p[mine], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	if (i == 0)
		return 0;
	log_open(&cmd->log[i], cmd->node.id, i);
	return watch(&cmd->stream[i], EPOLLIN);
}

static void feed(struct command *cmd)
{
	while (cmd->input_at < cmd->input_size) {
		ssize_t n = write(cmd->stream[0].fd, cmd->input + cmd->input_at, cmd->input_size - cmd->input_at);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break; /* EPIPE: it does not want to read on */
		cmd->input_at += (size_t)n;
	}
	unwatch(&cmd->stream[0]);
	free(cmd->input);
	cmd->input = NULL;
	cmd->input_size = cmd->input_at = 0;
}

static struct command *unmake(struct command *cmd, const int theirs[3], int err)
{
	for (int i = 0; i < 3; i++)
		if (theirs[i] >= 0)
			close(theirs[i]);
	command_bury(cmd);
	errno = -err;
	return NULL;
}

struct command *command_make(const struct io_request *io, int theirs[3])
{
	struct command *cmd = must_realloc(NULL, sizeof(*cmd));
	int err = 0;

	memset(cmd, 0, sizeof(*cmd));
	cmd->node.id = io->exec;
	cmd->report = io->report != 0;
	cmd->since_us = now_us();
	cmd->mode[0] = io->in;
	cmd->mode[1] = io->out;
	cmd->mode[2] = io->err;
	cmd->death = (struct source){ .kind = SOURCE_DEATH, .fd = -1, .stream = 1, .owner = cmd };
	for (int i = 0; i < 3; i++) {
		cmd->stream[i] = (struct source){ .kind = i ? SOURCE_OUTPUT : SOURCE_INPUT, .fd = -1, .stream = i, .owner = cmd };
		capture_init(&cmd->capture[i], io->max_output);
		cmd->log[i].fd = -1;
	}
	table_add(&L.commands, &cmd->node);
	for (int i = 0; i < 3 && err == 0; i++)
		err = make_pipe(cmd, i, theirs);
	if (err < 0)
		return unmake(cmd, theirs, err);
	if (cmd->mode[2] == STDIO_TERMINAL)
		relay_make(cmd, theirs);
	if (cmd->mode[0] == STDIO_BYTES) {
		cmd->input_size = io->input->len;
		cmd->input = must_realloc(NULL, cmd->input_size + 1);
		memcpy(cmd->input, io->input->ptr, cmd->input_size);
		if (!cmd->relay)
			feed(cmd);
		if (cmd->stream[0].fd >= 0)
			err = watch(&cmd->stream[0], EPOLLOUT);
	}
	return err < 0 ? unmake(cmd, theirs, err) : cmd;
}

int command_reports(const struct command *cmd)
{
	return cmd->report || cmd->mode[0] == STDIO_STREAM || cmd->mode[1] == STDIO_STREAM || cmd->mode[2] == STDIO_STREAM;
}

void command_terminal(struct command *cmd, int master)
{
	if (cmd->relay)
		relay_start(cmd, master);
	else
		close(master);
}

void command_started(struct command *cmd, uint32_t pid)
{
	cmd->pid = pid;
	if (!command_reports(cmd))
		return;
	reply_begin(&L.wire, REPLY_STARTED);
	reply_u32(&L.wire, cmd->node.id);
	reply_u32(&L.wire, pid);
	for (int i = 0; i < 3; i++)
		reply_u32(&L.wire, cmd->mode[i] == STDIO_STREAM ? (uint32_t)cmd->stream[i].fd : NONE);
	reply_end(&L.wire);
}

/* Reads what there is. 0 at the end of the pipe. */
static int drain(struct command *cmd, int i, int turns)
{
	static unsigned char chunk[CHUNK];

	while (cmd->stream[i].fd >= 0 && turns-- > 0) {
		ssize_t n = read(cmd->stream[i].fd, chunk, sizeof(chunk));

		if (n > 0) {
			capture_add(&cmd->capture[i], chunk, (size_t)n);
			log_add(&cmd->log[i], cmd->node.id, i, chunk, (size_t)n);
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 1;
		unwatch(&cmd->stream[i]);
		return 0;
	}
	return 1;
}

static void put(void *to, const void *bytes, size_t n)
{
	reply_raw(to, bytes, n);
}

void command_tell_ended(const struct command *cmd)
{
	struct wire *w = &L.wire;

	reply_begin(w, REPLY_EXITED);
	reply_u32(w, cmd->node.id);
	reply_u32(w, cmd->pid);
	reply_u32(w, (uint32_t)cmd->status);
	reply_u64(w, cmd->user_us);
	reply_u64(w, cmd->system_us);
	reply_u64(w, cmd->max_rss_kib);
	reply_u64(w, cmd->wall_us);
	reply_u32(w, cmd->full);
	reply_u64(w, cmd->capture[1].total);
	reply_u64(w, cmd->capture[2].total);
	for (int i = 1; i < 3; i++) {
		reply_bytes(w, (uint32_t)capture_size(&cmd->capture[i]));
		capture_read(&cmd->capture[i], put, w);
	}
	reply_end(w);
}

void command_ended(struct command *cmd)
{
	cmd->ended = 1;
	/* a child that lives on may hold the pipe: take what is there, wait for no more; a pipe holds 1 MiB at most */
	for (int i = 1; i < 3; i++) {
		if (cmd->mode[i] != STDIO_CAPTURE)
			continue;
		drain(cmd, i, CHUNKS_A_TURN * 2);
		unwatch(&cmd->stream[i]);
		log_close(&cmd->log[i]);
	}
	if (cmd->mode[0] == STDIO_BYTES)
		unwatch(&cmd->stream[0]);
	if (cmd->relay)
		relay_finish(cmd);
	if (!cmd->worker)
		log_ended(cmd->node.id, &cmd->log[1], &cmd->log[2]);
	command_tell_ended(cmd);
	bury_when_done(cmd);
}

void command_failed(struct command *cmd, uint32_t kind, const struct failure *f)
{
	cmd->ended = 1;
	if (kind == 4)
		reply_failed(&L.wire, kind, cmd->node.id, f);
	if (!listening()) {
		command_bury(cmd);
		return;
	}
	cmd->container = NULL;
	cmd->failed = must_realloc(cmd->failed, sizeof(*f));
	*cmd->failed = *f;
	for (int i = 0; i < 3; i++)
		unwatch(&cmd->stream[i]);
	log_ended(cmd->node.id, &cmd->log[1], &cmd->log[2]);
}

void command_orphan(struct container *c)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct node *next;

		for (struct node *n = L.commands.bucket[i]; n; n = next) {
			struct command *cmd = (struct command *)n;

			next = n->next;
			if (cmd->container != c)
				continue;
			cmd->container = NULL;
			if (cmd->ended)
				continue;
			cmd->status = SIGKILL;
			cmd->wall_us = now_us() - cmd->since_us;
			command_ended(cmd);
		}
	}
}

void command_event(struct source *s)
{
	struct command *cmd = s->owner;

	if (s->kind == SOURCE_INPUT) {
		feed(cmd);
	} else if (s->kind == SOURCE_OUTPUT) {
		drain(cmd, s->stream, CHUNKS_A_TURN);
	} else if (s->kind == SOURCE_RELAY) {
		relay_pump(cmd);
		if (cmd->ended)
			bury_when_done(cmd);
	} else {
		struct rusage usage;

		if (wait4(cmd->worker, &cmd->status, 0, &usage) < 0)
			cmd->status = SIGKILL;
		unwatch(&cmd->death);
		command_ended(cmd);
	}
}

void command_opened(uint32_t id, int stream)
{
	struct command *cmd = table_find(&L.commands, id);

	if (!cmd || stream < 0 || stream > 2 || cmd->mode[stream] != STDIO_STREAM)
		return;
	/* whoever has it now may die, and the command must not die of that: our end of its output stays */
	if (stream == 0 || !listening() || cmd->worker)
		unwatch(&cmd->stream[stream]);
	if (cmd->ended)
		bury_when_done(cmd);
}

void command_resize(uint32_t id, uint32_t cols, uint32_t rows)
{
	struct command *cmd = table_find(&L.commands, id);

	if (cmd && cmd->relay)
		relay_resize(cmd, cols, rows);
}

void command_signal(uint32_t id, int signo, int final)
{
	struct command *cmd = table_find(&L.commands, id);
	struct order o = { .type = ORDER_SIGNAL, .exec = id, .signo = signo, .final = (uint32_t)final };
	struct iovec iov = { &o, sizeof(o) };

	if (!cmd || cmd->ended)
		return;
	if (cmd->death.fd >= 0) {
		sys_pidfd_send_signal(cmd->death.fd, signo);
		return;
	}
	if (!cmd->container)
		return;
	cmd->to_die |= signo == SIGKILL;
	if (cmd->is_init) {
		sys_pidfd_send_signal(cmd->container->death.fd, signo);
		return;
	}
	/* also of a one-shot by its pid 1: the kernel does not tell what those used that die with their pid 1 */
	if (cmd->container->init.fd >= 0 && mailbox_post(cmd->container, &iov, 1, NULL, 0) == 0) {
		if (signo == SIGKILL)
			mailbox_urgent(cmd->container);
	} else if (signo == SIGKILL) {
		cmd->container->stuck = 1;
		sys_pidfd_send_signal(cmd->container->death.fd, SIGKILL);
	}
}

static int send_exec(struct failure *f, struct container *c, const struct field *a, const int theirs[3])
{
	struct plan *plan = table_find(&L.plans, (uint32_t)a[EXEC_PROCESS_PLAN].num);
	struct order o = { .type = ORDER_EXEC, .exec = (uint32_t)a[EXEC_EXEC].num };
	struct groups g;

	if (!plan && a[EXEC_PROCESS_PLAN].num != NONE)
		return fail_with(f, ENOENT, "exec", "plan");
	if (groups_open(f, &g, &a[EXEC_STEPS]) == 0)
		order_send(f, c, &o, plan ? &plan->list : NULL, &g, theirs);
	groups_close(&g);
	return -f->err;
}

void command_exec(const struct field *a)
{
	struct container *c = table_find(&L.containers, (uint32_t)a[EXEC_CONTAINER].num);
	struct failure f = { .step = NONE };
	struct io_request io = {
		.exec = (uint32_t)a[EXEC_EXEC].num, .report = (uint32_t)a[EXEC_REPORT].num,
		.in = (uint32_t)a[EXEC_STDIN].num, .out = (uint32_t)a[EXEC_STDOUT].num,
		.err = (uint32_t)a[EXEC_STDERR].num, .input = &a[EXEC_INPUT],
		.max_output = a[EXEC_MAX_OUTPUT].num,
	};
	int theirs[3] = { -1, -1, -1 };
	struct command *cmd = NULL;

	if (!c || c->dead || c->init.fd < 0)
		fail_with(&f, ESRCH, "exec", "container");
	else if (!(cmd = command_make(&io, theirs)))
		fail(&f, "pipe2", "standard streams");
	else if (send_exec(&f, c, a, theirs) == 0)
		cmd->container = c;
	for (int i = 0; cmd && i < 3; i++)
		if (theirs[i] >= 0)
			close(theirs[i]);
	if (!f.err)
		return;
	if (cmd)
		command_failed(cmd, 4, &f);
	else
		reply_failed(&L.wire, 4, io.exec, &f);
}
