#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/magic.h>

#include "steps.h"

enum { DEPTH_MAX = 8, TRIES = 200 };

static int open_one(struct failure *f, struct groups *g, const char *path, int flags, long magic)
{
	struct statfs is;
	int fd;

	if (g->n == ORDER_GROUPS)
		return fail_with(f, E2BIG, "open", "too many groups");
	fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(f, "open", path);
	g->fds[g->n++] = fd;
	/* a plain file of that name would take the "0", and the command would run without a limit */
	if (fstatfs(fd, &is) < 0 || (long)is.f_type != magic)
		return fail_with(f, EINVAL, "fstatfs", path);
	return 0;
}

static int open_tasks(struct failure *f, struct groups *g, const struct field *names)
{
	size_t at = 0;

	for (uint64_t i = 0; i < names->num; i++)
		if (open_one(f, g, next_text(names, &at), O_WRONLY, CGROUP_SUPER_MAGIC) < 0)
			return -f->err;
	return 0;
}

static int open_step(struct failure *f, struct groups *g, const struct step *st)
{
	if (st->op == OP_CGROUP) {
		g->born = text(&st->f[CGROUP_BORN]);
		g->ahead = text(&st->f[CGROUP_AHEAD]);
		g->owned = st->f[CGROUP_OWNED];
		return open_tasks(f, g, &st->f[CGROUP_TASKS]);
	}
	if (st->op != OP_GROUP)
		return 0;
	if (st->f[GROUP_INTO].len &&
	    open_one(f, g, text(&st->f[GROUP_INTO]), O_PATH | O_DIRECTORY, CGROUP2_SUPER_MAGIC) < 0)
		return -f->err;
	return open_tasks(f, g, &st->f[GROUP_TASKS]);
}

int groups_open(struct failure *f, struct groups *g, const struct field *own)
{
	struct failure quiet;
	struct step_list list;
	const char *into = "";
	int is_init = 0;

	*g = (struct groups){ .own = own, .born = "", .ahead = "" };
	if (steps_look(&quiet, &list, own->ptr, own->len, IN_CONTAINER | IN_PROCESS) < 0)
		return 0;
	for (size_t i = 0; i < list.n; i++) {
		f->step = (uint32_t)i;
		f->op = list.step[i].op;
		if (open_step(f, g, &list.step[i]) < 0) {
			groups_close(g);
			return -f->err;
		}
		if (f->op == OP_GROUP && list.step[i].f[GROUP_INTO].len)
			into = text(&list.step[i].f[GROUP_INTO]);
		is_init |= f->op == OP_INIT;
	}
	f->step = NONE;
	f->op = 0;
	/* a command that is pid 1 cannot be cloned into its group: it is born there */
	if (is_init && into[0])
		g->born = into;
	return 0;
}

void groups_close(struct groups *g)
{
	while (g->n)
		close(g->fds[--g->n]);
}

int group_directory(struct failure *f, const char *path)
{
	struct groups one = { .n = 0 };

	if (open_one(f, &one, path, O_PATH | O_DIRECTORY, CGROUP2_SUPER_MAGIC) == 0)
		return one.fds[0];
	groups_close(&one);
	f->op = OP_CGROUP;
	return -f->err;
}

/* Appends the first group below to the path; 0 when there is none. */
static int descend(char *path, size_t size)
{
	size_t used = strlen(path);
	DIR *d = opendir(path);
	struct dirent *e;
	int found = 0;

	while (d && !found && (e = readdir(d)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			found = snprintf(path + used, size - used, "/%s", e->d_name) < (int)(size - used);
	if (!found)
		path[used] = 0;
	if (d)
		closedir(d);
	return found;
}

void group_remove(const char *path)
{
	static const struct timespec pass = { .tv_nsec = 5000000 };
	char at[PATH_MAX];

	for (int tries = 0; tries < TRIES;) {
		if (snprintf(at, sizeof(at), "%s", path) >= (int)sizeof(at))
			return;
		for (int depth = 0; depth < DEPTH_MAX && descend(at, sizeof(at)); depth++)
			;
		if (rmdir(at) == 0 || errno == ENOENT) {
			if (!strcmp(at, path))
				return;
			continue;
		}
		if (errno != EBUSY && errno != ENOTEMPTY)
			return;
		/* the dead leave their groups a moment after they were waited for */
		nanosleep(&pass, NULL);
		tries++;
	}
}
