#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

enum { BUF = 4096, TURNS = 64, REST_MAX = 1 << 20 };

struct relay {
	struct source master, from, to;	/* -1: not there yet, or closed */
	int started, owed;		/* owed: the input has ended, and the terminal has yet to hear of it */
	uint32_t cols, rows;		/* a size that came before the terminal; 0: none */
	const unsigned char *in;	/* what the terminal is to get next */
	size_t in_len, out_at, out_len, rest;
	unsigned char last;		/* it got so far */
	unsigned char in_buf[BUF], out_buf[BUF];
};

/* Edges: a terminal that nobody has open reports a hang-up for as long as it lasts. */
static const uint32_t EDGES = EPOLLIN | EPOLLOUT | EPOLLET;

static struct source source(struct command *cmd, int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, O_NONBLOCK | (fcntl(fd, F_GETFL) & O_ACCMODE));
	return (struct source){ .kind = SOURCE_RELAY, .fd = fd, .owner = cmd };
}

void relay_make(struct command *cmd, int theirs[3])
{
	struct relay *r = must_realloc(NULL, sizeof(*r));

	memset(r, 0, sizeof(*r));
	r->master = source(cmd, -1);
	r->from = source(cmd, theirs[0]);
	r->to = source(cmd, theirs[1]);
	r->owed = theirs[0] < 0;
	r->last = '\n';
	theirs[0] = theirs[1] = -1;
	cmd->relay = r;
}

void relay_start(struct command *cmd, int master)
{
	struct relay *r = cmd->relay;

	if (r->started || cmd->ended) {
		close(master);
		return;
	}
	r->started = 1;
	r->master = source(cmd, master);
	r->in = cmd->input;
	r->in_len = cmd->input_size;
	if (r->cols)
		terminal_resize(master, r->cols, r->rows);
	watch(&r->master, EDGES);
	if (r->from.fd >= 0)
		watch(&r->from, EDGES);
	if (r->to.fd >= 0)
		watch(&r->to, EDGES);
	relay_pump(cmd);
}

/* A terminal that reads lines has a character for the end of its input; after a part of a line, it takes two. */
static void pay_end(struct relay *r)
{
	struct termios t;

	r->owed = 0;
	if (tcgetattr(r->master.fd, &t) < 0 || !(t.c_lflag & ICANON))
		return;
	memset(r->in_buf, t.c_cc[VEOF], 2);
	r->in = r->in_buf;
	r->in_len = r->last == '\n' || r->last == '\r' ? 1 : 2;
}

/* More to write to the terminal, if there is. */
static int refill(struct relay *r)
{
	ssize_t n;

	if (r->from.fd >= 0) {
		n = read(r->from.fd, r->in_buf, sizeof(r->in_buf));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		r->in = r->in_buf;
		r->in_len = n > 0 ? (size_t)n : 0;
		if (n <= 0) {
			unwatch(&r->from);
			r->owed = 1;
		}
	}
	if (!r->in_len && r->owed)
		pay_end(r);
	return r->in_len > 0;
}

static void pump_in(struct command *cmd)
{
	struct relay *r = cmd->relay;

	for (int turn = 0; turn < TURNS && r->master.fd >= 0 && (r->in_len || refill(r)); turn++) {
		ssize_t n = write(r->master.fd, r->in, r->in_len);

		if (n <= 0)
			return;
		r->last = r->in[n - 1];
		r->in += n;
		r->in_len -= (size_t)n;
	}
}

/* 0: the reader is behind. */
static int put_out(struct command *cmd)
{
	struct relay *r = cmd->relay;

	if (cmd->mode[1] == STDIO_CAPTURE)
		capture_add(&cmd->capture[1], r->out_buf + r->out_at, r->out_len);
	while (cmd->mode[1] == STDIO_STREAM && r->out_len && r->to.fd >= 0) {
		ssize_t n = write(r->to.fd, r->out_buf + r->out_at, r->out_len);

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0) {
			unwatch(&r->to); /* EPIPE: nobody wants it, and the command cannot be told */
			break;
		}
		r->out_at += (size_t)n;
		r->out_len -= (size_t)n;
	}
	r->out_at = r->out_len = 0;
	return 1;
}

/* 0: done for now. */
static int pump_out(struct command *cmd)
{
	struct relay *r = cmd->relay;

	for (int turn = 0; turn < TURNS && r->master.fd >= 0; turn++) {
		ssize_t n;

		if (!put_out(cmd))
			return 0;
		/* EIO: nobody has it open; but who can reach its name may open it again */
		n = r->rest > REST_MAX ? 0 : read(r->master.fd, r->out_buf, sizeof(r->out_buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (cmd->ended)
				relay_close(cmd);
			return 0;
		}
		r->out_len = (size_t)n;
		r->rest += cmd->ended ? (size_t)n : 0;
	}
	return r->master.fd >= 0;
}

void relay_pump(struct command *cmd)
{
	struct relay *r = cmd->relay;
	struct epoll_event again = { .events = EDGES, .data.ptr = &r->master };

	if (r->master.fd < 0)
		return;
	pump_in(cmd);
	/* others want their turn too: to change an edge is to ask for it again */
	if (pump_out(cmd))
		epoll_ctl(L.epoll, EPOLL_CTL_MOD, r->master.fd, &again);
}

void relay_finish(struct command *cmd)
{
	struct relay *r = cmd->relay;

	unwatch(&r->from);
	r->in_len = 0;
	r->owed = 0;
	if (r->master.fd < 0)
		relay_close(cmd);
	while (pump_out(cmd))
		;
}

int relay_open(const struct command *cmd)
{
	return cmd->relay && cmd->relay->master.fd >= 0;
}

void relay_resize(struct command *cmd, uint32_t cols, uint32_t rows)
{
	if (cmd->relay->master.fd >= 0) {
		terminal_resize(cmd->relay->master.fd, cols, rows);
		return;
	}
	cmd->relay->cols = cols;
	cmd->relay->rows = rows;
}

void relay_close(struct command *cmd)
{
	unwatch(&cmd->relay->master);
	unwatch(&cmd->relay->from);
	unwatch(&cmd->relay->to);
}
