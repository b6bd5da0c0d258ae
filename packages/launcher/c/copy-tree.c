#include "copy-tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "copy-file.h"
#include "name-set.h"
#include "scoped.h"
#include "served-marks.h"
#include "sys.h"
#include "wire.h"

enum { PATH_ROOM = 4096, LINK_BUCKETS = 4096 };

/* A directory, first to be copied, then, when all is in it, to get its times. */
struct level {
	struct level *next;
	struct stat st;
	int merged;	/* it was there already, and stays what it is */
	int closed;	/* nothing of it is copied but itself */
	char path[];
};

/* A file with several names, and the first of them. */
struct twin {
	struct twin *next;
	ino_t ino;
	char path[];
};

/* Of all that was copied to the same place: whiteouts, and directories that are not finished. */
static struct level *whiteouts, *done;

/* Where the copy is to be a root, and has no marks: what whiteouts hide, and directories that hide all below them. */
/* Of finished directories, or NULL. */
static FILE *listing;
static struct name_set hidden, opaque, closed;

struct copy {
	int from, to;
	int below;	/* there is something above it in `to` */
	struct stat self;	/* `to` itself: it may lie in `from` */
	struct level *todo;
	struct twin *twins[LINK_BUCKETS];
};

int open_in(int dir, const char *path, uint64_t flags)
{
	return sys_openat2(dir, *path ? path : ".", flags | O_NOFOLLOW,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

static int push(struct level **list, const char *path, const struct stat *st, int merged)
{
	size_t n = strlen(path) + 1;
	struct level *l;

	if (n > PATH_ROOM)
		return -ENAMETOOLONG;
	l = must_realloc(NULL, sizeof(*l) + n);
	l->st = *st;
	l->merged = merged;
	l->closed = 0;
	memcpy(l->path, path, n);
	l->next = *list;
	*list = l;
	return 0;
}

/* 1: it is there now, as another name of what was copied before. */
static int copy_twin(struct copy *c, const struct stat *st, const char *path)
{
	struct twin **bucket = &c->twins[st->st_ino % LINK_BUCKETS], *t = *bucket;
	size_t n = strlen(path) + 1;

	while (t && t->ino != st->st_ino)
		t = t->next;
	if (t)
		return linkat(c->to, t->path, c->to, path, 0) < 0 ? -errno : 1;
	t = must_realloc(NULL, sizeof(*t) + n);
	t->ino = st->st_ino;
	memcpy(t->path, path, n);
	t->next = *bucket;
	*bucket = t;
	return 0;
}

/* Whether a directory on the way to a path, which is not there, hides what lies below. */
int is_behind_opaque(int lower, const char *path)
{
	char way[PATH_ROOM];

	for (const char *end = path; (end = strchr(end, '/')); end++) {
		scoped_fd fd = -1;

		memcpy(way, path, (size_t)(end - path));
		way[end - path] = 0;
		fd = open_in(lower, way, O_RDONLY | O_DIRECTORY);
		if (fd >= 0 && is_opaque(fd))
			return 1;
	}
	return 0;
}

/* The number of the lower whose entry is seen at a path, and what it is; as many as there are lowers when none is. */
size_t lower_at(const int *lower, size_t n, const char *path, struct stat *st)
{
	for (size_t i = 0; i < n; i++) {
		scoped_fd fd = open_in(lower[i], path, O_PATH);

		if (fd >= 0)
			return fstat(fd, st) == 0 && !is_whiteout(st) ? i : n;
		/* something on the way is no directory here, or opaque */
		if (errno == ENOTDIR || errno == ELOOP || is_behind_opaque(lower[i], path))
			break;
	}
	return n;
}

void copy_list(FILE *to)
{
	listing = to;
}

void copy_closed(const char *path)
{
	name_put(&closed, path);
}

static int is_closed(const struct copy *c, const char *path, const struct stat *st)
{
	if (!copy_rules.as_root)
		return 0;
	return name_has(&closed, path) || (st->st_dev == c->self.st_dev && st->st_ino == c->self.st_ino);
}

static int hides(int to, const char *path)
{
	return copy_rules.as_root ? name_has(&opaque, path) : is_opaque(to);
}

static int make_opaque(int to, const char *path)
{
	if (!copy_rules.as_root)
		return fsetxattr(to, overlay_mark(), "y", 1, 0) < 0 ? -errno : 0;
	name_put(&opaque, path);
	return 0;
}

/* It has that name above: it is hidden, but for what is in a directory that merges with one above. */
static int merge_entry(struct copy *c, const char *path, const struct stat *st, const struct stat *above)
{
	scoped_fd to = -1;

	if (!S_ISDIR(above->st_mode))
		return 0;
	to = open_in(c->to, path, O_RDONLY | O_DIRECTORY);
	if (to < 0)
		return -errno;
	if (hides(to, path))
		return 0;
	if (S_ISDIR(st->st_mode))
		return is_closed(c, path, st) ? 0 : push(&c->todo, path, st, 1);
	/* what is no directory hides all below it, and from now on the directory above has to */
	return make_opaque(to, path);
}

static int make_directory(struct copy *c, int to_dir, const char *path, const char *name, const struct stat *st)
{
	int err = mkdirat(to_dir, name, 0700) < 0 ? -errno : push(&c->todo, path, st, 0);

	if (err == 0)
		c->todo->closed = is_closed(c, path, st);
	return err;
}

/* Anything but a directory. */
static int copy_leaf(struct copy *c, int dir, int to_dir, const char *path, const struct stat *st)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int err = st->st_nlink > 1 ? copy_twin(c, st, path) : 0;

	if (err)
		return err < 0 ? err : 0;
	err = S_ISREG(st->st_mode) ? copy_file(dir, to_dir, name, st, is_closed(c, path, st)) : copy_special(dir, to_dir, name, st);
	return err == -ENOENT ? 0 : err; /* gone meanwhile */
}

/* A mark of fuse-overlayfs', as an overlay would have it. 1: it was one, or -errno. */
static int copy_served(int to_dir, const char *name)
{
	const char *hides = copy_rules.served ? served_mark(name) : NULL;

	if (!hides)
		return 0;
	return *hides && mknodat(to_dir, hides, S_IFCHR, 0) < 0 ? -errno : 1;
}

static int copy_entry(struct copy *c, int dir, int to_dir, const char *parent, const char *name)
{
	char path[PATH_ROOM];
	struct stat st, above;
	int err;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISSOCK(st.st_mode))
		return 0;
	err = copy_served(to_dir, name);
	if (err)
		return err < 0 ? err : 0;
	if (snprintf(path, sizeof(path), "%s%s%s", parent, *parent ? "/" : "", name) >= PATH_ROOM)
		return -ENAMETOOLONG;
	if (c->below && fstatat(to_dir, name, &above, AT_SYMLINK_NOFOLLOW) == 0)
		return merge_entry(c, path, &st, &above);
	if (copy_rules.as_root && name_has(&hidden, path))
		return 0;
	if (copy_rules.as_root && is_whiteout(&st)) {
		name_put(&hidden, path);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return make_directory(c, to_dir, path, name, &st);
	if (is_whiteout(&st) && (err = push(&whiteouts, path, &st, 0)) < 0)
		return err;
	return copy_leaf(c, dir, to_dir, path, &st);
}

static int copy_entries(struct copy *c, DIR *d, int to, const char *path)
{
	struct dirent *e;
	int err = 0;

	while (err == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			err = copy_entry(c, dirfd(d), to, path, e->d_name);
	return err;
}

static int copy_level(struct copy *c, struct level *l)
{
	int fd = l->closed ? -1 : open_in(c->from, l->path, O_RDONLY | O_DIRECTORY);
	scoped_fd to = open_in(c->to, l->path, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int unreadable = l->closed || (!d && errno == EACCES && copy_rules.as_root), err = 0;
	mode_t mode = 0;

	if ((!d && !unreadable) || to < 0)
		err = -errno;
	if (err == 0 && !l->merged)
		err = copy_owner(to, &l->st, &mode);
	l->st.st_mode = (l->st.st_mode & S_IFMT) | (unreadable ? 0 : mode);
	if (err == 0 && !l->merged && d)
		err = copy_attrs(fd, to);
	/* of one that is not merged, the mark is an attribute as others are */
	if (err == 0 && d && (l->merged || copy_rules.as_root) && is_opaque(fd))
		err = make_opaque(to, l->path);
	if (err == 0 && d && copy_rules.served && served_opaque(fd))
		err = make_opaque(to, l->path);
	if (err == 0 && d)
		err = copy_entries(c, d, to, l->path);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return err;
}

/* Modes and times last, deepest first: making entries changes the times, and needs the permission to. */
static int finish_level(int root, const struct level *l)
{
	scoped_fd to = open_in(root, l->path, O_RDONLY | O_DIRECTORY);
	struct stat is;
	uint64_t ino;

	if (to < 0 || fchmod(to, l->st.st_mode & 07777) < 0)
		return -errno;
	if (futimens(to, (struct timespec[]){ l->st.st_atim, l->st.st_mtim }) < 0 || fstat(to, &is) < 0)
		return -errno;
	ino = is.st_ino;
	if (listing && (fwrite(&ino, sizeof(ino), 1, listing) != 1 || fputs(l->path, listing) < 0 ||
			fputc(0, listing) < 0))
		return -errno;
	return 0;
}

int copy_directory(int from, int to, const char *path)
{
	scoped_fd is = open_in(from, path, O_RDONLY | O_DIRECTORY), made = -1;
	struct stat st;
	mode_t mode;
	int err;

	if (is < 0 || fstat(is, &st) < 0)
		return -errno;
	if (*path && mkdirat(to, path, 0700) < 0)
		return -errno;
	made = open_in(to, path, O_RDONLY | O_DIRECTORY);
	if (made < 0)
		return -errno;
	err = copy_owner(made, &st, &mode);
	if (err == 0)
		err = copy_attrs(is, made);
	return err ? err : push(&done, path, &st, 0);
}

int copy_entry_at(int dir, int to, int to_dir, const char *path, const struct stat *st)
{
	static struct copy c;

	c.to = to;
	return copy_leaf(&c, dir, to_dir, path, st);
}

int copy_tree(int from, int to, int below)
{
	static struct copy c;
	struct level *l;
	struct stat st;
	int err;

	memset(&c, 0, sizeof(c));
	c.from = from;
	c.to = to;
	c.below = below;
	if (fstat(from, &st) < 0 || fstat(to, &c.self) < 0)
		return -errno;
	err = push(&c.todo, "", &st, below);
	while (err == 0 && (l = c.todo)) {
		c.todo = l->next;
		err = copy_level(&c, l);
		if (l->merged)
			continue;
		l->next = done;
		done = l;
	}
	return err; /* a worker's memory goes with it */
}

int copy_end(int to, const int *over, size_t n)
{
	struct level *l;
	struct stat st;
	int err = 0;

	for (l = over ? whiteouts : NULL; err == 0 && l; l = l->next)
		if (lower_at(over, n, l->path, &st) == n || is_behind_opaque(to, l->path))
			err = unlinkat(to, l->path, 0) < 0 ? -errno : 0;
	for (l = done; err == 0 && l; l = l->next)
		err = finish_level(to, l);
	whiteouts = done = NULL;
	memset(&hidden, 0, sizeof(hidden));
	memset(&opaque, 0, sizeof(opaque));
	return err;
}
