/* The launcher's side of roots that a program serves: starts it where it sees what it needs, and ends with it, or it with us. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include "fuse-root.h"
#include "init.h"
#include "launcher.h"
#include "scoped.h"
#include "sys.h"

/* Where the program finds lowers and writes: a tmpfs over a directory that every host has, and which it has no need of. */
#define SERVED_AT "/sys"

enum { LOWERS_MAX = 512, CONNECTION = 3, OPTIONS_ROOM = 8192 };

struct server {
	struct server *next;	/* of the same container */
	struct source death, late;	/* its pidfd; a timer until it has answered */
	pid_t pid;
	struct container *container;	/* NULL: gone */
};

static struct server *dead;	/* freed at the end of a round of events: its timer may be in it, too */

/* Fixed before it: all that the program gets. */
struct service {
	const struct step *st;
	const char *upper;	/* path in the container's mounts */
	int connection, mounts, own;
};

static int take_trees(const struct service *v, int *tree, size_t n)
{
	const struct field *lowers = &v->st->f[FUSE_ROOT_LOWERS];
	char path[600];
	size_t at = 0;

	if (setns(v->mounts, CLONE_NEWNS) < 0)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/%s", next_text(lowers, &at));
		tree[i] = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
		if (tree[i] < 0)
			return -errno;
	}
	snprintf(path, sizeof(path), "/%s/%u", v->upper, (unsigned int)v->st->f[FUSE_ROOT_INDEX].num);
	tree[n] = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
	return tree[n] < 0 ? -errno : 0;
}

/* The host's, all of it read-only, and in it what the root is made of: nothing else can be written to. */
static int make_view(const struct service *v, const int *tree, size_t n)
{
	const char *options[] = { "mode=0700", "size=64k", NULL };
	struct sys_mount_attr attr = { .attr_set = SYS_MOUNT_ATTR_RDONLY };
	struct failure f = { .step = NONE };
	scoped_fd root = -1, over = -1, mnt = -1;
	char name[32];

	if (setns(v->own, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0)
		return -errno;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	over = open(SERVED_AT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || over < 0 || sys_mount_setattr(root, AT_RECURSIVE, &attr) < 0)
		return -errno;
	mnt = setup_tmpfs(&f, options, SYS_MOUNT_ATTR_NODEV | SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NOEXEC);
	if (mnt < 0 || sys_move_mount(mnt, over) < 0)
		return -errno;
	for (size_t i = 0; i <= n; i++) {
		scoped_fd at = -1;

		snprintf(name, sizeof(name), i < n ? "%zu" : "w", i);
		if (mkdirat(mnt, name, 0700) < 0)
			return -errno;
		at = openat(mnt, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (at < 0 || sys_move_mount(tree[i], at) < 0)
			return -errno;
	}
	return 0;
}

/* Its own standard streams are nobody's: what it says of a hostile container's doing is not for our terminal. */
static int only_connection(int connection)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	/* above all that is about to be given a number */
	connection = fcntl(connection, F_DUPFD_CLOEXEC, 16);
	null = fcntl(null, F_DUPFD_CLOEXEC, 16);
	for (int i = 0; i < CONNECTION; i++)
		if (null < 0 || dup2(null, i) < 0)
			return -errno;
	if (connection < 0 || dup2(connection, CONNECTION) < 0)
		return -errno;
	return sys_close_range(CONNECTION + 1, ~0U) < 0 ? -errno : 0;
}

static void options_of(size_t n, char *all, size_t size)
{
	size_t used = (size_t)snprintf(all, size, "lowerdir=");

	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(all + used, size - used, "%s" SERVED_AT "/%zu", i ? ":" : "", i);
	/*
	 * Written through: a copy of the writes is whole while the container stands. No plugins, no mapping: ids are those of the
	 * mounts.
	 */
	if (used < size)
		snprintf(all + used, size - used,
			 ",upperdir=" SERVED_AT "/w/upper,workdir=" SERVED_AT "/w/work,writeback=0");
}

/* Files of any owner and mode, whiteouts, marks of overlays: more it is not to be able to, whatever it is talked into. */
static int drop_powers(void)
{
	const uint64_t keep = 1ULL << CAP_CHOWN | 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH |
			      1ULL << CAP_FOWNER | 1ULL << CAP_FSETID | 1ULL << CAP_MKNOD | 1ULL << CAP_SETFCAP |
			      1ULL << CAP_SYS_ADMIN;

	for (unsigned int cap = 0; cap < 64; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static _Noreturn void serve(pid_t parent, struct service *v)
{
	static int tree[LOWERS_MAX + 1];
	static char options[OPTIONS_ROOM];
	size_t n = (size_t)v->st->f[FUSE_ROOT_LOWERS].num;
	const char *program = text(&v->st->f[FUSE_ROOT_PROGRAM]);
	char *argv[] = { (char *)(uintptr_t)"fuse-overlayfs", (char *)(uintptr_t)"-f", (char *)(uintptr_t)"-o",
			 options, (char *)(uintptr_t)"/dev/fd/3", NULL };
	char *env[] = { (char *)(uintptr_t)"LC_ALL=C", NULL };
	sigset_t none;

	die_with(parent);
	v->own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (v->own < 0 || n > LOWERS_MAX || take_trees(v, tree, n) < 0 || make_view(v, tree, n) < 0 ||
	    only_connection(v->connection) < 0)
		_exit(1);
	options_of(n, options, sizeof(options));
	umask(0);
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0 || setrlimit(RLIMIT_NOFILE, &L.open_files) < 0 ||
	    drop_powers() < 0)
		_exit(1);
	execve(program, argv, env);
	_exit(1);
}

/* The step that a pid 1 speaks of; its plan may have been dropped meanwhile. */
static const struct step *find_step(const struct container *c, const struct report *r, struct service *v)
{
	const struct step_list *list = NULL;
	const struct step *disk;

	for (size_t i = 0; !list && i < BUCKETS; i++)
		for (struct node *n = L.plans.bucket[i]; n; n = n->next)
			if ((struct plan *)n == c->spare_plan)
				list = &c->spare_plan->list;
	if (!list || r->exec >= list->n || list->step[r->exec].op != OP_FUSE_ROOT)
		return NULL;
	disk = steps_find(list, OP_DISK_UPPER);
	v->upper = disk ? text(&disk->f[DISK_UPPER_FROM]) : UPPER_DIR;
	return &list->step[r->exec];
}

/* 0 would be no timer at all. */
static struct timespec milliseconds(uint64_t ms)
{
	return (struct timespec){ .tv_sec = (time_t)(ms / 1000), .tv_nsec = ms ? (long)(ms % 1000) * 1000000 : 1 };
}

static void start(struct container *c, struct service *v)
{
	struct server *new = must_realloc(NULL, sizeof(*new));
	struct itimerspec limit = { .it_value = milliseconds(v->st->f[FUSE_ROOT_ANSWER_MS].num) };
	pid_t us = getpid();

	*new = (struct server){ .container = c, .next = c->servers };
	new->death = (struct source){ .kind = SOURCE_SERVER, .fd = -1, .owner = new };
	new->late = (struct source){ .kind = SOURCE_LATE, .owner = new };
	new->late.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (new->late.fd < 0 || timerfd_settime(new->late.fd, 0, &limit, NULL) < 0 || watch(&new->late, EPOLLIN) < 0) {
		unwatch(&new->late);
		free(new);
		return;
	}
	new->pid = sys_fork(0, &new->death.fd);
	if (new->pid == 0)
		serve(us, v);
	if (new->pid > 0 && watch(&new->death, EPOLLIN) == 0) {
		c->servers = new;
		return;
	}
	if (new->pid > 0) {
		sys_pidfd_send_signal(new->death.fd, SIGKILL);
		waitpid(new->pid, NULL, 0);
		unwatch(&new->death);
	}
	unwatch(&new->late);
	free(new);
}

/* Whatever fails here closes the connection, and that is what pid 1 waits for. */
void server_start(struct container *c, const struct report *r, int fds[2])
{
	struct service v = { .connection = fds[0], .mounts = fds[1], .own = -1 };

	v.st = fds[0] < 0 || fds[1] < 0 || c->told || c->dead ? NULL : find_step(c, r, &v);
	if (v.st)
		start(c, &v);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void server_answered(struct container *c)
{
	/* parts of a root are made one after another */
	if (c->servers)
		unwatch(&c->servers->late);
}

static void late(struct server *s)
{
	unwatch(&s->late);
	if (!s->container || s->container->dead)
		return;
	s->container->unserved = ETIMEDOUT;
	/* the container's pid 1 first, so that it does not tell of what it sees when its root is gone */
	container_kill(s->container);
}

static void died(struct server *old)
{
	struct server **at;
	struct container *c = old->container;

	waitpid(old->pid, NULL, 0);
	unwatch(&old->death);
	unwatch(&old->late);
	if (c) {
		for (at = &c->servers; *at != old; at = &(*at)->next)
			;
		*at = old->next;
		/* pid 1 of one that does not stand yet may tell first what failed */
		if (!c->dead) {
			c->unserved = EIO;
			sys_pidfd_send_signal(c->death.fd, SIGKILL);
		}
	}
	old->next = dead;
	dead = old;
}

void server_event(struct source *s)
{
	if (s->fd < 0)
		return;
	if (s->kind == SOURCE_LATE)
		late(s->owner);
	else
		died(s->owner);
}

int servers_dying(const struct container *c)
{
	char path[64], exe[1];

	/* who dies loses its memory before its descriptors, and is dead later than both: then its pidfd tells */
	for (struct server *s = c->servers; s; s = s->next) {
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)s->pid);
		if (readlink(path, exe, sizeof(exe)) < 0 && errno == ENOENT)
			return 1;
	}
	return 0;
}

void servers_bury(void)
{
	while (dead) {
		struct server *old = dead;

		dead = old->next;
		free(old);
	}
}

void servers_end(struct container *c)
{
	for (struct server *s = c->servers; s; s = s->next) {
		s->container = NULL;
		sys_pidfd_send_signal(s->death.fd, SIGKILL);
	}
	c->servers = NULL;
}
