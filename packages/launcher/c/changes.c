/* What a container wrote: a worker walks its upper directory and compares names with the lowers. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <stdio.h>

#include "copy-file.h"
#include "copy-tree.h"
#include "descriptors.h"
#include "fuse-root.h"
#include "launcher.h"
#include "scoped.h"
#include "served-marks.h"
#include "sys.h"
#include "whole.h"
#include "worker.h"

enum { PATH_ROOM = 4096 };

/* A directory still to be read. */
struct pending {
	struct pending *next;
	char path[];
};

struct walk {
	FILE *out;
	int upper;
	int served;	/* fuse-overlayfs wrote it */
	int since;	/* a copy of the upper as it was, or -1 */
	int lower[LOWERS_MAX];
	size_t lowers;
	struct pending *todo;
};

static char letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFCHR:
	case S_IFBLK:
		return 'c';
	default:
		return 'o';
	}
}

static char lower_type(struct walk *w, const char *path)
{
	struct stat st;

	return lower_at(w->lower, w->lowers, path, &st) < w->lowers ? letter(st.st_mode) : 0;
}

/* What it was: the type when the copy was made, else in the lowers. *was: in the copy, its mode 0 where it is not. */
static char type_before(struct walk *w, const char *path, struct stat *was)
{
	scoped_fd fd = w->since < 0 ? -1 : open_in(w->since, path, O_PATH);

	memset(was, 0, sizeof(*was));
	if (fd < 0 || fstat(fd, was) < 0)
		return lower_type(w, path);
	return is_whiteout(was) ? 0 : letter(was->st_mode);
}

/* Times of directories change with what is in them. */
static int is_same(const struct stat *a, const struct stat *b)
{
	if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid || a->st_rdev != b->st_rdev)
		return 0;
	return S_ISDIR(a->st_mode) || (a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
				       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec);
}

static void record_as(struct walk *w, const char *path, const struct stat *st, int whiteout, int opaque, char before)
{
	unsigned char head[4] = { (unsigned char)(whiteout ? before : letter(st->st_mode)), (unsigned char)whiteout,
				  (unsigned char)opaque, (unsigned char)before };
	uint32_t mode = (uint32_t)st->st_mode, len = (uint32_t)strlen(path);
	uint64_t size = whiteout ? 0 : (uint64_t)st->st_size;

	fwrite(head, 1, sizeof(head), w->out);
	fwrite(&mode, sizeof(mode), 1, w->out);
	fwrite(&size, sizeof(size), 1, w->out);
	fwrite(&len, sizeof(len), 1, w->out);
	if (fwrite(path, 1, len, w->out) != len)
		_exit(EPIPE); /* nobody reads on */
}

static void record(struct walk *w, const char *path, const struct stat *st, int whiteout, int opaque)
{
	struct stat was;
	char before = type_before(w, path, &was);

	if (was.st_mode && !opaque && is_same(st, &was))
		return;
	record_as(w, path, st, whiteout, opaque, before);
}

static void push(struct walk *w, const char *path)
{
	size_t n = strlen(path) + 1;
	struct pending *p = must_realloc(NULL, sizeof(*p) + n);

	memcpy(p->path, path, n);
	p->next = w->todo;
	w->todo = p;
}

static int is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static void join(char *to, const char *dir, const char *name)
{
	if (snprintf(to, PATH_ROOM, "%s%s%s", dir, *dir ? "/" : "", name) >= PATH_ROOM)
		_exit(ENAMETOOLONG);
}

/* An opaque directory hides what lies below: every name there that is not here was deleted. */
static void hidden(struct walk *w, int dir, const char *path)
{
	static const struct stat none;
	char full[PATH_ROOM];

	for (size_t i = 0; i < w->lowers; i++) {
		int fd = open_in(w->lower[i], path, O_RDONLY | O_DIRECTORY);
		DIR *d = fd < 0 ? NULL : fdopendir(fd);
		struct dirent *e;
		struct stat st;

		while (d && (e = readdir(d))) {
			if (is_dot(e->d_name) || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
				continue;
			join(full, path, e->d_name);
			if (lower_at(w->lower, w->lowers, full, &st) == i)
				record(w, full, &none, 1, 0);
		}
		if (d)
			closedir(d);
	}
}

/* Whether it was opaque when the copy was made. */
static int was_opaque(struct walk *w, const char *path)
{
	scoped_fd fd = w->since < 0 ? -1 : open_in(w->since, path, O_RDONLY | O_DIRECTORY);

	return fd >= 0 && is_opaque(fd);
}

/* A name that fuse-overlayfs made for itself. */
static void served_entry(struct walk *w, const char *path, const char *hides)
{
	static const struct stat none;
	char full[PATH_ROOM];

	if (!*hides)
		return;
	join(full, path, hides);
	record(w, full, &none, 1, 0);
}

static int hides_lowers(const struct walk *w, int dir)
{
	return w->served ? served_opaque(dir) : is_opaque(dir);
}

static void entry(struct walk *w, int dir, const char *path, const char *name)
{
	char full[PATH_ROOM];
	const char *hides = w->served ? served_mark(name) : NULL;
	struct stat st;
	int opaque = 0;

	if (hides) {
		served_entry(w, path, hides);
		return;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return; /* gone meanwhile */
	join(full, path, name);
	if (S_ISDIR(st.st_mode)) {
		scoped_fd fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0 && hides_lowers(w, fd) && !was_opaque(w, full)) {
			opaque = 1;
			hidden(w, fd, full);
		}
		push(w, full);
	}
	record(w, full, &st, is_whiteout(&st), opaque);
}

/* What was in the copy and is in the upper no more: new then, and deleted since. */
static void former(struct walk *w, int dir, const char *path, const char *name)
{
	static const struct stat none;
	char full[PATH_ROOM];
	struct stat was, is;
	scoped_fd fd = -1;

	if (fstatat(dir, name, &was, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	join(full, path, name);
	fd = open_in(w->upper, full, O_PATH);
	if (fd < 0 || fstat(fd, &is) < 0)
		record(w, full, &none, 1, 0);
	else if (S_ISDIR(is.st_mode) && S_ISDIR(was.st_mode))
		push(w, full);
}

typedef void entry_fn(struct walk *w, int dir, const char *path, const char *name);

static void walk_all(struct walk *w, int top, entry_fn *each)
{
	push(w, "");
	while (w->todo) {
		struct pending *p = w->todo;
		int fd = open_in(top, p->path, O_RDONLY | O_DIRECTORY);
		DIR *d = fd < 0 ? NULL : fdopendir(fd);
		struct dirent *e;

		w->todo = p->next;
		while (d && (e = readdir(d)))
			if (!is_dot(e->d_name))
				each(w, dirfd(d), p->path, e->d_name);
		if (d)
			closedir(d);
		free(p);
	}
}

static int whole_found(void *to, int dir, const char *path, const struct stat *st, const struct stat *was)
{
	(void)dir;
	/* of directories alone it is not told, as it is not with overlays */
	if (!was || !S_ISDIR(st->st_mode) || !S_ISDIR(was->st_mode))
		record_as(to, path, st, 0, 0, was ? letter(was->st_mode) : 0);
	return 0;
}

static int whole_gone(void *to, const char *path, const struct stat *was)
{
	static const struct stat none;

	record_as(to, path, &none, 1, 0, letter(was->st_mode));
	return 0;
}

/* A copy of the lowers. */
static struct whole all;

/* What it was like when another copy was made of what is different in it lies upon those. */
static int walk_whole(struct walk *w)
{
	all.root = w->upper;
	if (w->since >= 0)
		all.lower[all.lowers++] = w->since;
	all.firm = all.lowers;
	for (size_t i = 0; i < w->lowers && all.lowers < LOWERS_MAX; i++)
		all.lower[all.lowers++] = w->lower[i];
	all.to = w;
	all.found = whole_found;
	all.gone = whole_gone;
	return whole_walk(&all);
}

static _Noreturn void work(pid_t parent, const struct container *c, const struct field *a, int out)
{
	const char *since = text(&a[CHANGES_SINCE]);
	int before = *since ? upper_target(since) : -1, keep[] = { c->upper, c->template_ns, out, before };
	static struct walk w;
	char name[64];
	size_t at = 0;
	int whole, err = 0;

	die_with(parent);
	/* a part that nothing was written to has no copy: everything there is new */
	if (*since && before < 0 && errno != ENOENT)
		_exit(errno);
	/* above all our own pipe's other end: as long as it is open here, a reader that goes away is not noticed */
	keep_only(keep, sizeof(keep) / sizeof(*keep));
	w.since = before;
	snprintf(name, sizeof(name), "%u", (unsigned int)a[CHANGES_INDEX].num);
	w.served = is_served(c->upper, name);
	whole = whole_open(&all, c->upper, name);
	strcat(name, "/upper");
	w.upper = openat(c->upper, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (w.upper < 0 || setns(c->template_ns, CLONE_NEWNS) < 0)
		_exit(errno);
	for (uint64_t i = 0; i < a[CHANGES_LOWERS].num && i < LOWERS_MAX; i++) {
		w.lower[i] = open(next_text(&a[CHANGES_LOWERS], &at), O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (w.lower[i] < 0)
			_exit(errno);
		w.lowers++;
	}
	w.out = fdopen(out, "w");
	if (!w.out)
		_exit(ENOMEM);
	if (whole)
		err = whole < 0 ? whole : walk_whole(&w);
	else
		walk_all(&w, w.upper, entry);
	if (!whole && w.since >= 0)
		walk_all(&w, w.since, former);
	_exit(err ? -err : fflush(w.out) ? EPIPE : 0);
}

void command_changes(const struct field *a)
{
	worker_run((uint32_t)a[CHANGES_CONTAINER].num, (uint32_t)a[CHANGES_EXEC].num, "changes", work, a);
}
