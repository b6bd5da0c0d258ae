#include "copied-root.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "copy-file.h"
#include "copy-tree.h"
#include "scoped.h"
#include "sys.h"

enum { MARK_TRIES = 1000, TICK_NS = 1000000 };

void copied_clock(struct timespec *offset)
{
	struct timespec now, up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	clock_gettime(CLOCK_REALTIME, &now);
	*offset = (struct timespec){ .tv_sec = now.tv_sec - up.tv_sec, .tv_nsec = now.tv_nsec - up.tv_nsec };
	if (offset->tv_nsec < 0)
		*offset = (struct timespec){ .tv_sec = offset->tv_sec - 1, .tv_nsec = offset->tv_nsec + 1000000000 };
}

/* Times of changes are no finer than a tick of the kernel's: the mark is to be of a later one than all that was copied. */
static int make_mark(int mark, uid_t uid, gid_t gid)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };
	struct timespec offset;
	struct stat first, now;

	copied_clock(&offset);
	if (fchown(mark, uid, gid) < 0 || fstat(mark, &first) < 0)
		return -errno;
	for (int i = 0; i < MARK_TRIES; i++) {
		nanosleep(&tick, NULL);
		if (futimens(mark, (struct timespec[]){ offset, offset }) < 0 || fstat(mark, &now) < 0)
			return -errno;
		if (now.st_ctim.tv_sec != first.st_ctim.tv_sec || now.st_ctim.tv_nsec != first.st_ctim.tv_nsec)
			return 0;
	}
	return -ETIME;
}

static int fill(struct scene *s, const struct step *st, int dir)
{
	const struct field *lowers = &st->f[COPY_ROOT_LOWERS], *closed = &st->f[COPY_ROOT_CLOSED];
	scoped_fd to = openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int mark = openat(dir, COPIED_MARK, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *list = mark < 0 ? NULL : fdopen(mark, "w");
	size_t at = 0;
	int err = to < 0 || !list ? -errno : 0;

	umask(0);
	for (uint64_t i = 0; i < closed->num; i++)
		copy_closed(next_text(closed, &at));
	at = 0;
	for (uint64_t i = 0; err == 0 && i < lowers->num; i++) {
		scoped_fd from = sys_openat2(s->staging, next_text(lowers, &at), O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH);

		err = from < 0 ? -errno : copy_tree(from, to, i > 0);
	}
	copy_list(list);
	if (err == 0)
		err = copy_end(to, NULL, 0);
	if (err == 0 && fflush(list) != 0)
		err = -errno;
	return err ? err : make_mark(mark, s->upper_uid, s->upper_gid);
}

/* By a child: what a copy takes of memory, pid 1 would keep. */
int copied_fill(struct scene *s, const struct step *st, uint32_t index)
{
	const char *at = text(&st->f[COPY_ROOT_AT]);
	char name[32];
	scoped_fd dir = -1;
	pid_t us = getpid(), pid;
	int status;

	snprintf(name, sizeof(name), "%u", index);
	dir = openat(s->upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return fail(s->f, "openat", name);
	pid = sys_fork(0, NULL);
	if (pid < 0)
		return fail(s->f, "clone3", "copy");
	if (pid == 0) {
		die_with(us);
		copy_rules = (struct copy_rules){
			.as_root = 1, .uid = s->upper_uid, .gid = s->upper_gid,
			.apart = st->f[COPY_ROOT_APART].num != 0,
		};
		_exit(-fill(s, st, dir));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(s->f, "waitpid", "copy");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail_with(s->f, WIFEXITED(status) ? WEXITSTATUS(status) : EIO, "copy", at);
	return 0;
}
