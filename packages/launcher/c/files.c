/* A file server: how it gets into a container or a directory, gives up what it has, and takes requests from a pipe. */
#include "descriptors.h"
#include "files.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <linux/capability.h>

#include "init.h"
#include "landlock.h"
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

/* Answers that nobody has been told yet. */
struct output {
	int fd;
	size_t size;
	unsigned char bytes[FILE_CHUNK + sizeof(struct head)];
};

/* Where it serves: a container's root, or a tree of mounts that nobody else has. */
struct place {
	int root, mount_ns, user_ns, output;
	uint32_t powers;
	uint32_t id;	/* in that user namespace */
};

#define OVER_FILES (1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER | 1U << CAP_FSETID)
/* archives hold more: devices, and attributes that give a program capabilities */
#define OVER_ARCHIVES (OVER_FILES | 1U << CAP_MKNOD | 1U << CAP_SETFCAP)

/* Root over the files it serves, and over nothing else. */
static int drop_powers(const struct place *p)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = p->powers, .permitted = p->powers } };
	int err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (syscall(SYS_capset, &head, data) < 0)
		return -errno;
	return p->mount_ns < 0 && (err = landlock_confine(p->root)) < 0 ? err : file_guard();
}

/* Once the root is `/`, a path that went wrong still ends in it; openat2 is the second line. */
static int enter_container(const struct files *s, const struct place *p)
{
	struct failure f;

	if (setns(p->mount_ns, CLONE_NEWNS) < 0)
		return -errno;
	if (fchdir(p->root) < 0 || chroot(".") < 0 || fchdir(s->fds) < 0)
		return -errno;
	return init_enter_user(&f, p->user_ns, p->id);
}

/* The tree becomes the whole of a mount namespace that was ours alone from the start: no other file system is left in it. */
static int enter_jail(const struct files *s, const struct place *p)
{
	scoped_fd top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (top < 0 || sys_move_mount(p->root, top) < 0 || fchdir(p->root) < 0)
		return -errno;
	/* puts the old root on top of the new one at the same place; the next call takes it away (pivot_root(2)) */
	if (sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return -errno;
	if (fchdir(p->root) < 0 || chroot(".") < 0 || fchdir(s->fds) < 0)
		return -errno;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

/* Writes all, or nobody reads any more. */
static void flush(struct output *o)
{
	if (file_write_all(o->fd, o->bytes, o->size) < 0)
		_exit(EPIPE);
	o->size = 0;
}

static void say(struct output *o, uint32_t status, const void *bytes, size_t n)
{
	struct head h = { (uint32_t)n, status };

	if (o->size + sizeof(h) + n > sizeof(o->bytes))
		flush(o);
	memcpy(o->bytes + o->size, &h, sizeof(h));
	memcpy(o->bytes + o->size + sizeof(h), bytes, n);
	o->size += sizeof(h) + n;
}

/* Whole requests come before events, so that a number is known before its first event. */
static void wait_for_input(struct files *s, const struct input *in, struct output *out)
{
	struct pollfd on[] = { { .fd = in->fd, .events = POLLIN }, { .fd = s->notify, .events = POLLIN } };

	while (s->notify >= 0) {
		ssize_t n;

		if (poll(on, 2, -1) < 0 || on[0].revents)
			return;
		n = read(s->notify, s->answer, FILE_CHUNK);
		if (n > 0) {
			say(out, NONE, s->answer, (size_t)n);
			flush(out);
		}
	}
}

/* Until so many bytes are there. Answers are told together, before the next request has to be waited for. */
static void need(struct files *s, struct input *in, struct output *out, size_t n)
{
	if (in->have - in->at >= n)
		return;
	flush(out);
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

static _Noreturn void serve(struct files *s, struct input *in, struct output *out)
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
		if (decode_file(h.type & ~FILE_UNANSWERED, in->bytes + in->at + sizeof(h), h.size, a) < 0)
			_exit(EBADMSG);
		if (h.type & FILE_UNANSWERED) {
			files_do_unanswered(s, h.type & ~FILE_UNANSWERED, a);
		} else {
			err = files_do(s, h.type, a);
			say(out, (uint32_t)-err, s->answer, err < 0 ? 0 : s->size);
		}
		in->at += sizeof(h) + h.size;
	}
}

static _Noreturn void work(const struct place *p, int in, int out)
{
	static struct files s;
	static struct input i;
	static struct output o;
	int keep[] = { p->root, p->mount_ns, p->user_ns, p->output, in, out };
	int inside[] = { p->root, p->output, in, out, -1 };
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	keep_only(keep, sizeof(keep) / sizeof(*keep));
	signal(SIGXFSZ, SIG_IGN); /* the caller's limit is an error to answer with, no reason to die */
	umask(0);
	s.notify = s.parent = -1;
	memset(s.slot, -1, sizeof(s.slot));
	s.root = p->root;
	s.output = p->output;
	s.fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s.fds < 0)
		_exit(errno);
	err = p->mount_ns < 0 ? enter_jail(&s, p) : enter_container(&s, p);
	if (err < 0)
		_exit(-err);
	inside[4] = s.fds;
	keep_only(inside, sizeof(inside) / sizeof(*inside));
	/* a whole chunk at a time; what is not granted costs speed alone */
	fcntl(in, F_SETPIPE_SZ, 1 << 20);
	fcntl(out, F_SETPIPE_SZ, 1 << 20);
	err = drop_powers(p);
	if (err < 0)
		_exit(-err);
	i.fd = in;
	o.fd = out;
	serve(&s, &i, &o);
}

/* Starts a server as a command; who it serves is killed with it. */
static void start(struct failure *f, uint32_t exec, const struct place *p, struct container *serves)
{
	struct io_request io = { .exec = exec, .in = STDIO_STREAM, .out = STDIO_STREAM, .err = STDIO_NULL };
	/* no network, and no mount of ours: not of a container, whose namespaces it enters */
	uint64_t apart = serves ? 0 : CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC;
	int theirs[3] = { -1, -1, -1 };
	struct command *cmd = f->err ? NULL : command_make(&io, theirs);

	if (!cmd && !f->err)
		fail(f, "pipe2", "files");
	if (!cmd) {
		reply_failed(&L.wire, 4, exec, f);
		return;
	}
	cmd->serves = serves;
	cmd->worker = sys_fork(apart, &cmd->death.fd);
	if (cmd->worker == 0)
		work(p, theirs[0], theirs[1]);
	if (cmd->worker < 0)
		fail(f, "clone3", "files");
	close(theirs[0]);
	close(theirs[1]);
	if (!f->err && watch(&cmd->death, EPOLLIN) < 0)
		fail_with(f, ENOMEM, "epoll_ctl", "files");
	if (f->err)
		command_failed(cmd, 4, f);
	else
		command_started(cmd, (uint32_t)cmd->worker);
}

void command_files(const struct field *a)
{
	struct container *c = table_find(&L.containers, (uint32_t)a[FILES_CONTAINER].num);
	struct failure f = { .step = NONE };
	struct place p = { -1, -1, -1, -1, OVER_FILES, 0 };

	if (!c || c->root < 0) {
		fail_with(&f, ESRCH, "files", "container");
	} else {
		p = (struct place){ c->root, c->mount_ns, c->user_ns, -1, OVER_FILES, c->single ? L.one_id : 0 };
		c->user_seen = 1;
	}
	start(&f, (uint32_t)a[FILES_EXEC].num, &p, c);
}

/* A copy of the mount with that directory as its root, attached nowhere. */
static int tree_of(struct failure *f, const char *path, int read_only)
{
	struct sys_mount_attr attr = { .attr_set = SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV | SYS_MOUNT_ATTR_NOEXEC |
					(read_only ? SYS_MOUNT_ATTR_RDONLY : 0U) };
	scoped_fd dir = sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY, RESOLVE_NO_MAGICLINKS);
	scoped_fd tree = -1;

	if (dir < 0)
		return fail(f, "openat2", path);
	tree = sys_open_tree(dir, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	if (tree < 0)
		return fail(f, "open_tree", path);
	if (sys_mount_setattr(tree, 0, &attr) < 0)
		return fail(f, "mount_setattr", path);
	return steal_fd(&tree);
}

/* Nothing is opened before it is known to be what the client has open: no name can make us wait, or touch a device. */
static int output_of(struct failure *f, const struct field *a)
{
	const char *path = text(&a[JAIL_OUTPUT]);
	scoped_fd found = sys_openat2(AT_FDCWD, path, O_PATH | O_NOFOLLOW, RESOLVE_NO_MAGICLINKS);
	char name[32];
	struct stat st;
	int fd;

	if (found < 0 || fstat(found, &st) < 0)
		return fail(f, "openat2", path);
	if (!S_ISREG(st.st_mode) || st.st_dev != a[JAIL_DEVICE].num || st.st_ino != a[JAIL_INODE].num)
		return fail_with(f, ESTALE, "openat2", path);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", found);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? fail(f, "open", path) : fd;
}

void command_jail(const struct field *a)
{
	struct failure f = { .step = NONE };
	scoped_fd tree = tree_of(&f, text(&a[JAIL_DIRECTORY]), a[JAIL_READ_ONLY].num != 0);
	scoped_fd output = tree < 0 || !a[JAIL_OUTPUT].len ? -1 : output_of(&f, a);
	struct place p = { tree, -1, -1, output, OVER_ARCHIVES, 0 };

	start(&f, (uint32_t)a[JAIL_EXEC].num, &p, NULL);
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
