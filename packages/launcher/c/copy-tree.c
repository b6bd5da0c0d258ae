#include "copy-tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <linux/fs.h>

#include "launcher.h"
#include "scoped.h"
#include "sys.h"
#include "wire.h"

enum { PATH_ROOM = 4096, LINK_BUCKETS = 4096, ATTR_ROOM = 64 << 10, PART = 1 << 20 };

/* A directory, first to be copied, then, when all is in it, to get its times. */
struct level {
	struct level *next;
	struct stat st;
	int merged;	/* it was there already, and stays what it is */
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

struct copy {
	int from, to;
	int below;	/* there is something above it in `to` */
	struct level *todo;
	struct twin *twins[LINK_BUCKETS];
	char attrs[ATTR_ROOM], value[ATTR_ROOM];
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
	memcpy(l->path, path, n);
	l->next = *list;
	*list = l;
	return 0;
}

/* What the file system of the copy does not take (EOPNOTSUPP) would be a copy of something else: an error. */
static int copy_attrs(struct copy *c, int from, int to)
{
	ssize_t n = flistxattr(from, c->attrs, sizeof(c->attrs));

	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(c->attrs + at) + 1) {
		ssize_t size = fgetxattr(from, c->attrs + at, c->value, sizeof(c->value));

		if (size < 0 && errno == ENODATA)
			continue; /* gone meanwhile */
		if (size < 0 || fsetxattr(to, c->attrs + at, c->value, (size_t)size, 0) < 0)
			return -errno;
	}
	return 0;
}

static int copy_part(int from, int to, off_t at, off_t end)
{
	off_t in = at, out = at;
	int plain = 0;

	if (lseek(to, at, SEEK_SET) < 0)
		return -errno;
	while (in < end) {
		size_t want = end - in < PART ? (size_t)(end - in) : PART;
		ssize_t n = plain ? sendfile(to, from, &in, want) : copy_file_range(from, &in, to, &out, want, 0);

		if (n == 0)
			return 0; /* it shrank */
		/* between file systems: nothing was moved, and `to` stands where it did */
		if (n < 0 && !plain && in == at)
			plain = 1;
		else if (n < 0)
			return -errno;
	}
	return 0;
}

/* Shared with the original where the file system can; else what is data, without the holes. */
static int copy_data(int from, int to, off_t size)
{
	off_t at = 0;
	int err = 0;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while (err == 0 && at < size) {
		off_t data = lseek(from, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		err = copy_part(from, to, data, hole);
		at = hole;
	}
	return err == 0 && ftruncate(to, size) < 0 ? -errno : err;
}

/* A change of owner takes set-user-ID bits and capabilities away: mode and attributes come after it. */
static int copy_file(struct copy *c, int dir, int to_dir, const char *name)
{
	scoped_fd from = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	scoped_fd to = -1;
	struct stat st;
	int err;

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ESTALE;
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	err = copy_data(from, to, st.st_size);
	if (err == 0 && fchown(to, st.st_uid, st.st_gid) < 0)
		err = -errno;
	if (err == 0)
		err = copy_attrs(c, from, to);
	if (err == 0 && fchmod(to, st.st_mode & 07777) < 0)
		err = -errno;
	return err == 0 && futimens(to, (struct timespec[]){ st.st_atim, st.st_mtim }) < 0 ? -errno : err;
}

/* Links, devices (whiteouts are such) and FIFOs: all that is never opened. */
static int copy_special(int dir, int to_dir, const char *name, const struct stat *st)
{
	char target[PATH_ROOM];
	ssize_t n;
	int err;

	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(dir, name, target, sizeof(target) - 1);
		if (n < 0)
			return -errno;
		target[n] = 0;
		err = symlinkat(target, to_dir, name);
	} else {
		err = mknodat(to_dir, name, st->st_mode & (S_IFMT | 07777), st->st_rdev);
	}
	if (err < 0 || fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode) && fchmodat(to_dir, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	return utimensat(to_dir, name, (struct timespec[]){ st->st_atim, st->st_mtim },
			 AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
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

/* The mark that our overlays go by; where it is the other one, a container may set this one as it likes. */
#define MARK (L.userns ? "user.overlay.opaque" : "trusted.overlay.opaque")

int is_opaque(int dir)
{
	char v;

	return fgetxattr(dir, MARK, &v, 1) == 1 && v == 'y';
}

int is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
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

/* It has that name above: it is hidden, but for what is in a directory that merges with one above. */
static int merge_entry(struct copy *c, const char *path, const struct stat *st, const struct stat *above)
{
	scoped_fd to = -1;

	if (!S_ISDIR(above->st_mode))
		return 0;
	to = open_in(c->to, path, O_RDONLY | O_DIRECTORY);
	if (to < 0)
		return -errno;
	if (is_opaque(to))
		return 0;
	if (S_ISDIR(st->st_mode))
		return push(&c->todo, path, st, 1);
	/* what is no directory hides all below it, and from now on the directory above has to */
	return fsetxattr(to, MARK, "y", 1, 0) < 0 ? -errno : 0;
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
	if (snprintf(path, sizeof(path), "%s%s%s", parent, *parent ? "/" : "", name) >= PATH_ROOM)
		return -ENAMETOOLONG;
	if (c->below && fstatat(to_dir, name, &above, AT_SYMLINK_NOFOLLOW) == 0)
		return merge_entry(c, path, &st, &above);
	if (S_ISDIR(st.st_mode))
		return mkdirat(to_dir, name, 0700) < 0 ? -errno : push(&c->todo, path, &st, 0);
	if (is_whiteout(&st) && (err = push(&whiteouts, path, &st, 0)) < 0)
		return err;
	if (st.st_nlink > 1) {
		err = copy_twin(c, &st, path);
		if (err)
			return err < 0 ? err : 0;
	}
	err = S_ISREG(st.st_mode) ? copy_file(c, dir, to_dir, name) : copy_special(dir, to_dir, name, &st);
	return err == -ENOENT ? 0 : err; /* gone meanwhile */
}

static int copy_level(struct copy *c, const struct level *l)
{
	int fd = open_in(c->from, l->path, O_RDONLY | O_DIRECTORY);
	scoped_fd to = open_in(c->to, l->path, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int err = 0;

	if (!d || to < 0)
		err = -errno;
	if (err == 0 && !l->merged && fchown(to, l->st.st_uid, l->st.st_gid) < 0)
		err = -errno;
	if (err == 0 && !l->merged)
		err = copy_attrs(c, fd, to);
	if (err == 0 && l->merged && is_opaque(fd) && fsetxattr(to, MARK, "y", 1, 0) < 0)
		err = -errno;
	while (err == 0 && d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			err = copy_entry(c, fd, to, l->path, e->d_name);
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

	if (to < 0 || fchmod(to, l->st.st_mode & 07777) < 0)
		return -errno;
	return futimens(to, (struct timespec[]){ l->st.st_atim, l->st.st_mtim }) < 0 ? -errno : 0;
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
	if (fstat(from, &st) < 0)
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
	return err;
}
