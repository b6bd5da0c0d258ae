/* A container's file server: how it gets inside, gives up what it has, and takes requests from a pipe. */
#include "descriptors.h"
#include "files.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <linux/capability.h>

#include "init.h"
#include "launcher.h"
#include "scoped.h"
#include "sys.h"

/* The longest request: a chunk to write, or two paths. */
enum { REQUEST_MAX = FILE_CHUNK + (16 << 10) };

struct head {
	uint32_t size, type;
};

struct input {
	int fd;
	size_t at, have;
	unsigned char bytes[REQUEST_MAX + sizeof(struct head)];
};

/* Root over the container's files, and over nothing else. */
static int drop_powers(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const uint32_t few = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER | 1U << CAP_FSETID;
	struct __user_cap_data_struct data[2] = { { .effective = few, .permitted = few } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* Once the root is `/`, a path that went wrong still ends in it; openat2 is the second line. */
static int enter(struct files *s, const struct container *c)
{
	struct failure f;

	s->fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->fds < 0 || setns(c->mount_ns, CLONE_NEWNS) < 0)
		return -errno;
	if (fchdir(c->root) < 0 || chroot(".") < 0 || fchdir(s->fds) < 0)
		return -errno;
	s->root = c->root;
	if (init_enter_user(&f, c->user_ns, c->single ? L.one_id : 0) < 0)
		return -f.err;
	return drop_powers();
}

/* Writes all, or nobody reads any more. */
static void say(int out, uint32_t status, const void *bytes, size_t n)
{
	struct head h = { (uint32_t)n, status };
	struct iovec v[] = { { &h, sizeof(h) }, { (void *)(uintptr_t)bytes, n } };

	while (v[0].iov_len || v[1].iov_len) {
		ssize_t done = writev(out, v, 2);

		if (done < 0)
			_exit(EPIPE);
		for (int i = 0; i < 2; i++) {
			size_t part = (size_t)done < v[i].iov_len ? (size_t)done : v[i].iov_len;

			v[i].iov_base = (char *)v[i].iov_base + part;
			v[i].iov_len -= part;
			done -= (ssize_t)part;
		}
	}
}

/* Whole requests come before events, so that a number is known before its first event. */
static void wait_for_input(struct files *s, const struct input *in, int out)
{
	struct pollfd on[] = { { .fd = in->fd, .events = POLLIN }, { .fd = s->notify, .events = POLLIN } };

	while (s->notify >= 0) {
		ssize_t n;

		if (poll(on, 2, -1) < 0 || on[0].revents)
			return;
		n = read(s->notify, s->answer, FILE_CHUNK);
		if (n > 0)
			say(out, NONE, s->answer, (size_t)n);
	}
}

/* Until so many bytes are there. */
static void need(struct files *s, struct input *in, int out, size_t n)
{
	if (in->have - in->at >= n)
		return;
	memmove(in->bytes, in->bytes + in->at, in->have - in->at);
	in->have -= in->at;
	in->at = 0;
	while (in->have < n) {
		ssize_t got;

		wait_for_input(s, in, out);
		got = read(in->fd, in->bytes + in->have, sizeof(in->bytes) - in->have);
		if (got <= 0)
			_exit(got < 0 ? EIO : 0);
		in->have += (size_t)got;
	}
}

static _Noreturn void serve(struct files *s, struct input *in, int out)
{
	struct field a[FIELDS_MAX];
	struct head h;

	for (;;) {
		int err;

		need(s, in, out, sizeof(h));
		memcpy(&h, in->bytes + in->at, sizeof(h));
		if (h.size > REQUEST_MAX)
			_exit(EBADMSG);
		need(s, in, out, sizeof(h) + h.size);
		if (decode_file(h.type, in->bytes + in->at + sizeof(h), h.size, a) < 0)
			_exit(EBADMSG);
		err = files_do(s, h.type, a);
		say(out, (uint32_t)-err, s->answer, err < 0 ? 0 : s->size);
		in->at += sizeof(h) + h.size;
	}
}

static _Noreturn void work(const struct container *c, int in, int out)
{
	static struct files s;
	static struct input i;
	int keep[] = { c->root, c->mount_ns, c->user_ns, in, out };
	int inside[] = { c->root, in, out, -1 };
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	keep_only(keep, sizeof(keep) / sizeof(*keep));
	signal(SIGXFSZ, SIG_IGN); /* the caller's limit is an error to answer with, no reason to die */
	umask(0);
	s.notify = -1;
	memset(s.slot, -1, sizeof(s.slot));
	err = enter(&s, c);
	if (err < 0)
		_exit(-err);
	inside[3] = s.fds;
	keep_only(inside, sizeof(inside) / sizeof(*inside));
	/* a whole chunk at a time; what is not granted costs speed alone */
	fcntl(in, F_SETPIPE_SZ, 1 << 20);
	fcntl(out, F_SETPIPE_SZ, 1 << 20);
	i.fd = in;
	serve(&s, &i, out);
}

void command_files(const struct field *a)
{
	struct container *c = table_find(&L.containers, (uint32_t)a[FILES_CONTAINER].num);
	struct io_request io = { .exec = (uint32_t)a[FILES_EXEC].num, .in = STDIO_STREAM,
				 .out = STDIO_STREAM, .err = STDIO_NULL };
	struct failure f = { .step = NONE };
	int theirs[3] = { -1, -1, -1 };
	struct command *cmd = NULL;

	if (!c || c->root < 0)
		fail_with(&f, ESRCH, "files", "container");
	else if (!(cmd = command_make(&io, theirs)))
		fail(&f, "pipe2", "files");
	if (!cmd) {
		reply_failed(&L.wire, 4, io.exec, &f);
		return;
	}
	c->user_seen = 1;
	cmd->serves = c;
	cmd->worker = sys_fork(0, &cmd->death.fd);
	if (cmd->worker == 0)
		work(c, theirs[0], theirs[1]);
	if (cmd->worker < 0)
		fail(&f, "clone3", "files");
	close(theirs[0]);
	close(theirs[1]);
	if (!f.err && watch(&cmd->death, EPOLLIN) < 0)
		fail_with(&f, ENOMEM, "epoll_ctl", "files");
	if (f.err)
		command_failed(cmd, 4, &f);
	else
		command_started(cmd, (uint32_t)cmd->worker);
}

void files_end(struct container *c)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct node *n = L.commands.bucket[i]; n; n = n->next) {
			struct command *cmd = (struct command *)n;

			if (cmd->serves != c)
				continue;
			cmd->serves = NULL;
			if (cmd->death.fd >= 0)
				sys_pidfd_send_signal(cmd->death.fd, SIGKILL);
		}
}
