/* What becomes of a container's writes: copied while it lives, or left as they are, and sealed. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "copy-file.h"
#include "copy-tree.h"
#include "delta.h"
#include "descriptors.h"
#include "fuse-root.h"
#include "launcher.h"
#include "scoped.h"
#include "sys.h"
#include "worker.h"

enum { SEAL_TRIES = 500, SEAL_PAUSE_NS = 2000000 };

int upper_target(const char *path)
{
	struct failure f = { .step = NONE };
	struct sys_mount_attr map = { .attr_set = SYS_MOUNT_ATTR_IDMAP };
	scoped_fd tree = -1;
	int user;

	if (L.userns)
		return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	user = pool_user_for_uppers(&f);
	tree = user < 0 ? -1 : sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
	if (tree < 0)
		return -1;
	map.userns_fd = (uint64_t)user;
	if (sys_mount_setattr(tree, 0, &map) < 0)
		return -1;
	return openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* As an overlay has written it, or, of a copy of the lowers, would have. */
static int copy_part(int from, int to, int upper, const char *name, const struct field *a)
{
	static struct whole w;
	size_t at = 0;
	int whole = whole_open(&w, upper, name), err;

	/* marks that a container could set itself are none there */
	copy_rules.served = copy_rules.unmarked = is_served(upper, name);
	if (whole <= 0) {
		err = whole < 0 ? whole : copy_tree(from, to, 0);
		return err ? err : copy_end(to, NULL, 0);
	}
	w.root = from;
	for (uint64_t i = 0; i < a[COPY_UPPER_LOWERS].num && w.lowers < LOWERS_MAX; i++) {
		int lower = open(next_text(&a[COPY_UPPER_LOWERS], &at), O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (lower < 0)
			return -errno;
		w.lower[w.lowers++] = lower;
	}
	return delta_copy(&w, to);
}

static int copy_index(int target, const struct container *c, const struct field *a)
{
	char name[32], path[64];
	scoped_fd from = -1, to = -1;

	snprintf(name, sizeof(name), "%u", (unsigned int)a[COPY_UPPER_INDEX].num);
	snprintf(path, sizeof(path), "%s/upper", name);
	from = sys_openat2(c->upper, path, O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (from < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (mkdirat(target, name, 0700) < 0 || mkdirat(target, path, 0700) < 0)
		return -errno;
	to = sys_openat2(target, path, O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	/* lowers are named as the template has them */
	if (to < 0 || setns(c->template_ns, CLONE_NEWNS) < 0)
		return -errno;
	return copy_part(from, to, c->upper, name, a);
}

static _Noreturn void copy_upper(pid_t parent, const struct container *c, const struct field *a, int out)
{
	int target = upper_target(text(&a[COPY_UPPER_TO]));
	const int keep[] = { c->upper, c->template_ns, target, out };

	die_with(parent);
	if (target < 0)
		_exit(errno);
	keep_only(keep, sizeof(keep) / sizeof(*keep));
	umask(0);
	_exit(-copy_index(target, c, a));
}

/* Whoever still has a file open for writing is about to be dead, and the kernel refuses until then. */
static int make_readonly(int root)
{
	struct sys_mount_attr attr = { .attr_set = SYS_MOUNT_ATTR_RDONLY };
	const struct timespec pause = { .tv_nsec = SEAL_PAUSE_NS };

	for (int i = 0; i < SEAL_TRIES; i++) {
		if (sys_mount_setattr(root, AT_RECURSIVE, &attr) == 0)
			return 0;
		if (errno != EBUSY)
			break;
		nanosleep(&pause, NULL);
	}
	return -errno;
}

static _Noreturn void seal(pid_t parent, const struct container *c, const struct field *a, int out)
{
	const int keep[] = { c->root, c->mount_ns, out };

	(void)a;
	die_with(parent);
	keep_only(keep, sizeof(keep) / sizeof(*keep));
	if (setns(c->mount_ns, CLONE_NEWNS) < 0)
		_exit(errno);
	_exit(-make_readonly(c->root));
}

static _Noreturn void merge(pid_t parent, const struct container *c, const struct field *a, int out)
{
	const int keep[] = { out };
	size_t at = 0, n = 0;
	int to, over[512], err = 0;

	(void)c;
	die_with(parent);
	keep_only(keep, 1);
	umask(0);
	to = open(text(&a[MERGE_TO]), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		_exit(errno);
	for (uint64_t i = 0; err == 0 && i < a[MERGE_FROM].num; i++) {
		int from = open(next_text(&a[MERGE_FROM], &at), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (from < 0)
			err = -errno;
		else if (i < a[MERGE_COPIED].num)
			err = copy_tree(from, to, i > 0);
		else if (n < sizeof(over) / sizeof(*over))
			over[n++] = from;
	}
	_exit(err ? -err : -copy_end(to, over, n));
}

void command_upper(uint32_t type, const struct field *a)
{
	struct container *c = table_find(&L.containers, (uint32_t)a[SEAL_CONTAINER].num);
	uint32_t exec = (uint32_t)a[SEAL_EXEC].num; /* container and exec come first in all of them but merge */

	if (type == REQ_CHANGES) {
		command_changes(a);
	} else if (type == REQ_MERGE) {
		worker_run(NONE, (uint32_t)a[MERGE_EXEC].num, "merge", merge, a);
	} else if (type == REQ_COPY_UPPER) {
		worker_run((uint32_t)a[COPY_UPPER_CONTAINER].num, exec, "copyUpper", copy_upper, a);
	} else {
		if (c)
			files_end(c);
		worker_run((uint32_t)a[SEAL_CONTAINER].num, exec, "seal", seal, a);
	}
}
