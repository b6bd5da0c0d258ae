#include "copy-tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <linux/fs.h>

#include "scoped.h"
#include "sys.h"
#include "wire.h"

enum { PATH_ROOM = 4096, LINK_BUCKETS = 4096, ATTR_ROOM = 64 << 10, PART = 1 << 20 };

/* A directory, first to be copied, then, when all is in it, to get its times. */
struct level {
	struct level *next;
	struct stat st;
	char path[];
};

/* A file with several names, and the first of them. */
struct twin {
	struct twin *next;
	ino_t ino;
	char path[];
};

struct copy {
	int from, to;
	struct level *todo, *done;
	struct twin *twins[LINK_BUCKETS];
	char attrs[ATTR_ROOM], value[ATTR_ROOM];
};

static int open_in(int dir, const char *path, uint64_t flags)
{
	return sys_openat2(dir, *path ? path : ".", flags | O_NOFOLLOW,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

static int push(struct copy *c, const char *path, const struct stat *st)
{
	size_t n = strlen(path) + 1;
	struct level *l;

	if (n > PATH_ROOM)
		return -ENAMETOOLONG;
	l = must_realloc(NULL, sizeof(*l) + n);
	l->st = *st;
	memcpy(l->path, path, n);
	l->next = c->todo;
	c->todo = l;
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

static int copy_entry(struct copy *c, int dir, int to_dir, const char *parent, const char *name)
{
	char path[PATH_ROOM];
	struct stat st;
	int err;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISSOCK(st.st_mode))
		return 0;
	if (snprintf(path, sizeof(path), "%s%s%s", parent, *parent ? "/" : "", name) >= PATH_ROOM)
		return -ENAMETOOLONG;
	if (S_ISDIR(st.st_mode))
		return mkdirat(to_dir, name, 0700) < 0 ? -errno : push(c, path, &st);
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
	if (err == 0 && fchown(to, l->st.st_uid, l->st.st_gid) < 0)
		err = -errno;
	if (err == 0)
		err = copy_attrs(c, fd, to);
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
static int finish_level(struct copy *c, const struct level *l)
{
	scoped_fd to = open_in(c->to, l->path, O_RDONLY | O_DIRECTORY);

	if (to < 0 || fchmod(to, l->st.st_mode & 07777) < 0)
		return -errno;
	return futimens(to, (struct timespec[]){ l->st.st_atim, l->st.st_mtim }) < 0 ? -errno : 0;
}

int copy_tree(int from, int to)
{
	static struct copy c;
	struct level *l;
	struct stat st;
	int err;

	memset(&c, 0, sizeof(c));
	c.from = from;
	c.to = to;
	if (fstat(from, &st) < 0)
		return -errno;
	err = push(&c, "", &st);
	while (err == 0 && (l = c.todo)) {
		c.todo = l->next;
		l->next = c.done;
		c.done = l;
		err = copy_level(&c, l);
	}
	for (l = c.done; err == 0 && l; l = l->next)
		err = finish_level(&c, l);
	return err; /* a worker's memory goes with it */
}
