#include "whole.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>

#include "copied-root.h"
#include "copy-file.h"
#include "copy-tree.h"
#include "launcher.h"
#include "scoped.h"
#include "sys.h"
#include "wire.h"

enum { PATH_ROOM = 4096, BLOCK = 64 << 10, OVERFLOW_ID = 65534, SLACK_NS = 2000000, SECOND_NS = 1000000000 };

/* A directory still to be read. */
struct pending {
	struct pending *next;
	int fresh;	/* nothing was copied to this place */
	int touched;	/* something may be missing */
	int deep;	/* it may have come from another place: times do not tell what is in it */
	char path[];
};

static int is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec >= b->tv_nsec);
}

/* A directory that was copied, and where to. */
struct inode {
	struct inode *next;
	uint64_t ino;
	char path[];
};

static int read_inodes(struct whole *w, FILE *list)
{
	char path[PATH_ROOM];
	uint64_t ino;

	while (fread(&ino, sizeof(ino), 1, list) == 1) {
		struct inode **bucket = &w->inodes[ino % INODE_BUCKETS], *i;
		size_t n = 0;
		int c;

		while ((c = getc(list)) > 0 && n < sizeof(path) - 1)
			path[n++] = (char)c;
		if (c != 0)
			return -EIO;
		path[n++] = 0;
		i = must_realloc(NULL, sizeof(*i) + n);
		i->ino = ino;
		memcpy(i->path, path, n);
		i->next = *bucket;
		*bucket = i;
	}
	return ferror(list) ? -EIO : 0;
}

int whole_open(struct whole *w, int upper, const char *name)
{
	char path[64];
	FILE *list;
	int fd, err;

	if (snprintf(path, sizeof(path), "%s/%s", name, COPIED_MARK) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = openat(upper, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	list = fdopen(fd, "r");
	if (!list || fstat(fd, &w->mark) < 0)
		return -errno;
	err = read_inodes(w, list);
	fclose(list);
	return err ? err : 1;
}

/* Whether a directory is the one that was copied to that place, so that nothing but what was touched is new in it. */
static int is_in_place(const struct whole *w, const struct stat *st, const char *path)
{
	const struct inode *i = w->inodes[st->st_ino % INODE_BUCKETS];

	while (i && (i->ino != st->st_ino || strcmp(i->path, path) != 0))
		i = i->next;
	return i != NULL;
}

/* Since the clock was set back, times of changes mean nothing: all is compared. */
static int clock_went_back(const struct whole *w)
{
	struct timespec offset;

	copied_clock(&offset);
	/* the two clocks are not read at once */
	offset.tv_nsec += SLACK_NS;
	if (offset.tv_nsec >= SECOND_NS)
		offset = (struct timespec){ .tv_sec = offset.tv_sec + 1, .tv_nsec = offset.tv_nsec - SECOND_NS };
	return !is_later(&offset, &w->mark.st_mtim);
}

static int is_touched(const struct whole *w, const struct stat *st)
{
	return is_later(&st->st_ctim, &w->mark.st_ctim);
}

/* An owner that is nobody here has become the root's. */
static int is_owner(uid_t is, uid_t was, uid_t root)
{
	return is == was || (was == OVERFLOW_ID && is == root);
}

static int is_alike(const struct whole *w, const struct stat *st, const struct stat *was)
{
	if (!is_owner(st->st_uid, was->st_uid, w->mark.st_uid) || !is_owner(st->st_gid, was->st_gid, w->mark.st_gid))
		return 0;
	if (S_ISLNK(st->st_mode))
		return st->st_size == was->st_size;
	/* with an owner it may have lost its set-ID bits */
	if (st->st_mode != was->st_mode &&
	    (st->st_uid == was->st_uid || (st->st_mode | S_ISUID | S_ISGID) != (was->st_mode | S_ISUID | S_ISGID)))
		return 0;
	if (st->st_mtim.tv_sec != was->st_mtim.tv_sec || st->st_mtim.tv_nsec != was->st_mtim.tv_nsec)
		return 0;
	return S_ISDIR(st->st_mode) || (st->st_rdev == was->st_rdev && st->st_size == was->st_size);
}

static int same_content(int a, int b)
{
	static char left[BLOCK], right[BLOCK];

	for (;;) {
		ssize_t n = read(a, left, sizeof(left)), got = 0, m;

		if (n < 0)
			return 0;
		while (got < n && (m = read(b, right + got, (size_t)(n - got))) > 0)
			got += m;
		if (got != n || memcmp(left, right, (size_t)n) != 0)
			return 0;
		if (n == 0)
			return read(b, right, 1) == 0;
	}
}

/* Whether all attributes of `a` but marks are those of `b`; how many they are. */
static int attrs_within(int a, int b, int *count)
{
	static char names[BLOCK], left[BLOCK], right[BLOCK];
	ssize_t n = flistxattr(a, names, sizeof(names));

	*count = 0;
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t l, r;

		if (is_overlay_mark(names + at))
			continue;
		l = fgetxattr(a, names + at, left, sizeof(left));
		r = fgetxattr(b, names + at, right, sizeof(right));
		if (l < 0 || l != r || memcmp(left, right, (size_t)l) != 0)
			return 0;
		++*count;
	}
	return 1;
}

static int same_attrs(int a, int b)
{
	int left, right;

	return attrs_within(a, b, &left) && attrs_within(b, a, &right) && left == right;
}

static int same_target(int dir, const char *name, int lower, const char *path)
{
	char left[PATH_ROOM], right[PATH_ROOM];
	ssize_t n = readlinkat(dir, name, left, sizeof(left)), m;
	scoped_fd link = open_in(lower, path, O_PATH);

	m = link < 0 ? -1 : readlinkat(link, "", right, sizeof(right));
	return n >= 0 && n == m && memcmp(left, right, (size_t)n) == 0;
}

/* What metadata does not tell: of the same type and alike. */
static int same_inside(int dir, const char *name, const struct stat *st, int lower, const char *path)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	scoped_fd is = -1, was = -1;

	if (S_ISLNK(st->st_mode))
		return same_target(dir, name, lower, path);
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return 1;
	is = openat(dir, name, flags);
	was = open_in(lower, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (is < 0 || was < 0)
		return 0;
	return same_attrs(is, was) && (S_ISDIR(st->st_mode) || same_content(is, was));
}

/* What could not be read when it was copied. */
static int is_placeholder(const struct stat *st)
{
	return (st->st_mode & 07777) == 0 && (S_ISDIR(st->st_mode) || st->st_size == 0);
}

struct place {
	int dir;
	const char *path, *name;
	size_t level;	/* the lower that it was in */
	int touched, deep;
};

static int is_changed(const struct whole *w, const struct place *p, const struct stat *st, const struct stat *was)
{
	if (!p->touched && !p->deep && p->level >= w->firm && is_touched(w, was))
		return 0; /* it is the lower that has changed since */
	if ((st->st_mode & S_IFMT) != (was->st_mode & S_IFMT))
		return 1;
	if (!p->touched && is_placeholder(st))
		return 0;
	if (!is_alike(w, st, was))
		return 1;
	if (w->links && p->touched && st->st_nlink > 1 && !S_ISDIR(st->st_mode))
		return 1;
	return (p->touched || p->deep) && !same_inside(p->dir, p->name, st, w->lower[p->level], p->path);
}

static struct pending *push(struct pending **todo, const char *path)
{
	size_t n = strlen(path) + 1;
	struct pending *p = must_realloc(NULL, sizeof(*p) + n);

	memset(p, 0, sizeof(*p));
	memcpy(p->path, path, n);
	p->next = *todo;
	*todo = p;
	return p;
}

static int entry(struct whole *w, struct pending **todo, const struct pending *in, int dir, const char *name)
{
	char path[PATH_ROOM];
	struct stat st, was = { 0 };
	struct place p = { .dir = dir, .path = path, .name = name, .level = w->lowers };
	struct pending *next;
	int err = 0, is_new;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* gone meanwhile */
	if (is_whiteout(&st))
		return 0;
	if (snprintf(path, sizeof(path), "%s%s%s", in->path, *in->path ? "/" : "", name) >= PATH_ROOM)
		return -ENAMETOOLONG;
	p.touched = w->clockless || is_touched(w, &st);
	p.deep = in->deep;
	if (!in->fresh)
		p.level = lower_at(w->lower, w->lowers, path, &was);
	is_new = p.level == w->lowers;
	/* what nobody touched, in a place that nobody touched, is not new: it is the lower that has gone since */
	if (is_new ? in->fresh || in->deep || p.touched : is_changed(w, &p, &st, &was))
		err = w->found(w->to, dir, path, &st, is_new ? NULL : &was);
	if (err || !S_ISDIR(st.st_mode))
		return err;
	/* of what could not be read, nothing was copied either */
	is_new = is_new ? p.touched : !S_ISDIR(was.st_mode) || (!p.touched && is_placeholder(&st));
	next = push(todo, path);
	next->fresh = in->fresh || is_new;
	next->touched = p.touched;
	next->deep = !is_in_place(w, &st, path);
	return 0;
}

/* What is seen in the lowers, and could be copied, has been there. */
static int missing(struct whole *w, int dir, const char *path, size_t level, const char *name)
{
	char full[PATH_ROOM];
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !is_whiteout(&st))
		return 0;
	if (snprintf(full, sizeof(full), "%s%s%s", path, *path ? "/" : "", name) >= PATH_ROOM)
		return -ENAMETOOLONG;
	if (lower_at(w->lower, w->lowers, full, &st) != level || S_ISSOCK(st.st_mode))
		return 0;
	if (L.userns && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
		return 0;
	/* one that came after the copy is not missing */
	if (level >= w->firm && is_touched(w, &st) && !w->clockless)
		return 0;
	return w->gone(w->to, full, &st);
}

static int all_missing(struct whole *w, int dir, const char *path)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < w->lowers; i++) {
		int fd = open_in(w->lower[i], path, O_RDONLY | O_DIRECTORY);
		DIR *d = fd < 0 ? NULL : fdopendir(fd);
		struct dirent *e;

		while (err == 0 && d && (e = readdir(d)))
			if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
				err = missing(w, dir, path, i, e->d_name);
		if (d)
			closedir(d);
	}
	return err;
}

static int level(struct whole *w, struct pending **todo, const struct pending *p)
{
	int fd = open_in(w->root, p->path, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int err = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (err == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			err = entry(w, todo, p, fd, e->d_name);
	if (err == 0 && !p->fresh && (p->touched || p->deep))
		err = all_missing(w, fd, p->path);
	closedir(d);
	return err;
}

int whole_walk(struct whole *w)
{
	struct pending *todo = NULL, *p = push(&todo, "");
	int err = 0;

	p->touched = 1;
	w->clockless = clock_went_back(w);
	while (err == 0 && (p = todo)) {
		todo = p->next;
		err = level(w, &todo, p);
		free(p);
	}
	return err;
}
