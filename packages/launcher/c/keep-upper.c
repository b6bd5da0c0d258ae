/* What becomes of a container's writes: copied while it lives, or left as they are, and sealed. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "copy-tree.h"
#include "descriptors.h"
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

static int copy_part(int upper, int target, const char *name)
{
	char path[300];
	scoped_fd from = -1, to = -1;
	int err;

	if (snprintf(path, sizeof(path), "%s/upper", name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	from = sys_openat2(upper, path, O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (from < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (mkdirat(target, name, 0700) < 0 || mkdirat(target, path, 0700) < 0)
		return -errno;
	to = sys_openat2(target, path, O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	err = to < 0 ? -errno : copy_tree(from, to, 0);
	return err ? err : copy_end(to, NULL, 0);
}

static _Noreturn void copy_upper(pid_t parent, const struct container *c, const struct field *a, int out)
{
	int target = upper_target(text(&a[COPY_UPPER_TO]));
	int list = target < 0 ? -1 : openat(c->upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int keep[] = { c->upper, target, list, out };
	DIR *d = list < 0 ? NULL : fdopendir(list);
	struct dirent *e;
	int err = 0;

	die_with(parent);
	if (!d)
		_exit(errno);
	keep_only(keep, sizeof(keep) / sizeof(*keep));
	umask(0);
	while (err == 0 && (e = readdir(d)))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
			err = copy_part(c->upper, target, e->d_name);
	_exit(-err);
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
