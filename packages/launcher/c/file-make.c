/*
 * Whole entries: what an archive says of one is made by one request, and what an archive is to say of one is found by one.
 * A new file is written before it is owned, and its mode comes last: writing and chown(2) take set-user-ID away.
 */
#include "files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "failure.h"
#include "path.h"
#include "scoped.h"
#include "sys.h"

enum { SET_MODE = 1, SET_OWNER = 2, SET_TIMES = 4, REPLACE = 16, THROUGH_LINK = 32 };

/* All of what is known of an entry must fit into the answer, with this much content. */
enum { CONTENT_MAX = 96 << 10, XATTRS_MAX = 128 << 10, TARGET_MAX = 4096 };
_Static_assert(FILE_CHUNK - FILE_FOUND_MAX >= CONTENT_MAX && FILE_FOUND_MAX >= XATTRS_MAX + TARGET_MAX + 1024,
	       "what is found must fit into an answer");

/* Another name of what is found, even of a link. That it has this name already is fine. */
int file_link(struct files *s, const char *from, int dir, const char *name)
{
	scoped_fd found = path_in(s->root, from, O_PATH | O_NOFOLLOW, 0);
	struct stat is, there;
	char number[12];

	if (found < 0)
		return found;
	file_name(number, found);
	if (linkat(s->fds, number, dir, name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno != EEXIST || fstat(found, &is) < 0 || fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return is.st_dev == there.st_dev && is.st_ino == there.st_ino ? 0 : -EEXIST;
}

/* Owner, mode and times, as asked for; what is so already costs nothing. An O_PATH descriptor needs its name. */
static int dress(const struct files *s, int fd, const struct field *a, int is_open)
{
	const struct timespec times[] = { file_time(&a[FILE_MAKE_ATIME_NS]), file_time(&a[FILE_MAKE_MTIME_NS]) };
	uid_t uid = (uid_t)a[FILE_MAKE_UID].num;
	gid_t gid = (gid_t)a[FILE_MAKE_GID].num;
	mode_t mode = (mode_t)a[FILE_MAKE_MODE].num;
	uint64_t mask = a[FILE_MAKE_MASK].num;
	struct stat st;
	char name[12];

	if (fstat(fd, &st) < 0)
		return -errno;
	file_name(name, fd);
	if ((mask & SET_OWNER) && (st.st_uid != uid || st.st_gid != gid)) {
		if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
			return -errno;
		st.st_mode &= 0777;
	}
	if ((mask & SET_MODE) && !S_ISLNK(mode) && ((st.st_mode ^ mode) & 07777) && fchmodat(s->fds, name, mode & 07777, 0) < 0)
		return -errno;
	return (mask & SET_TIMES) && (is_open ? futimens(fd, times) : utimensat(s->fds, name, times, 0)) < 0 ? -errno : 0;
}

static int make_file(const struct files *s, const struct field *a, int dir, const char *name)
{
	scoped_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			      (mode_t)a[FILE_MAKE_MODE].num & 0777);
	int err;

	if (fd < 0)
		return -errno;
	err = file_write_all(fd, a[FILE_MAKE_BYTES].ptr, a[FILE_MAKE_BYTES].len);
	return err < 0 ? err : dress(s, fd, a, 1);
}

static int make_one(struct files *s, const struct field *a, int dir, const char *name)
{
	mode_t mode = (mode_t)a[FILE_MAKE_MODE].num & (S_IFMT | 07777);
	scoped_fd made = -1;
	int err;

	switch (mode & S_IFMT) {
	case 0:
		return file_link(s, text(&a[FILE_MAKE_TARGET]), dir, name);
	case S_IFREG:
		return make_file(s, a, dir, name);
	case S_IFLNK:
		err = symlinkat(text(&a[FILE_MAKE_TARGET]), dir, name);
		break;
	case S_IFDIR:
		err = mkdirat(dir, name, mode & 07777);
		break;
	case S_IFIFO:
	case S_IFCHR:
	case S_IFBLK:
		err = mknodat(dir, name, mode,
			      makedev((unsigned int)a[FILE_MAKE_MAJOR].num, (unsigned int)a[FILE_MAKE_MINOR].num));
		break;
	default:
		return -EINVAL;
	}
	if (err < 0)
		return -errno;
	made = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return made < 0 ? -errno : dress(s, made, a, 0);
}

void file_forget_parent(struct files *s)
{
	if (s->parent >= 0)
		close(s->parent);
	s->parent = -1;
}

int file_parent(struct files *s, const char *path, char *name)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash + 1 - path) : 0;
	struct failure f;
	int dir;

	/* `.` and `..` are for path_parent to refuse */
	if (s->parent >= 0 && n && path[n] && path[n] != '.' && strlen(path + n) < 256 &&
	    strlen(s->parent_path) == n && !memcmp(s->parent_path, path, n)) {
		memcpy(name, path + n, strlen(path + n) + 1);
		return s->parent;
	}
	dir = path_parent(&f, s->root, path, name);
	if (dir < 0)
		return dir;
	file_forget_parent(s);
	s->parent = dir;
	/* a slash at the end does not begin a name */
	n = path[n] ? n : 0;
	memcpy(s->parent_path, path, n);
	s->parent_path[n] = 0;
	return dir;
}

static int clear(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0)
		return 0;
	return errno == EISDIR ? tree_remove(dir, name) : -errno;
}

int file_make(struct files *s, const struct field *a)
{
	const char *path = text(&a[FILE_MAKE_PATH]);
	uint64_t mask = a[FILE_MAKE_MASK].num;
	char name[256];
	int dir, err;

	if (S_ISDIR((mode_t)a[FILE_MAKE_MODE].num)) {
		scoped_fd found = path_in(s->root, path, O_PATH | (mask & THROUGH_LINK ? 0U : (uint64_t)O_NOFOLLOW), 0);
		struct stat st;

		if (found >= 0 && file_check(found, 1, &st) == 0)
			return dress(s, found, a, 0);
	}
	dir = file_parent(s, path, name);
	if (dir < 0)
		return dir;
	err = make_one(s, a, dir, name);
	if (err != -EEXIST || !(mask & REPLACE))
		return err;
	err = clear(dir, name);
	if (err == 0)
		err = make_one(s, a, dir, name);
	/* what led through here may lead elsewhere now */
	file_forget_parent(s);
	return err;
}

static void put_u32(struct files *s, size_t at, size_t n)
{
	uint32_t v = (uint32_t)n;

	memcpy(s->answer + at, &v, sizeof(v));
}

/* A file system without attributes has none; one that went meanwhile is none. */
static int put_xattrs(struct files *s, int fd)
{
	static char names[64 << 10];
	size_t start = s->size, end = start + XATTRS_MAX;
	char number[12];
	ssize_t n, size;

	file_name(number, fd);
	n = listxattr(number, names, sizeof(names));
	s->size += sizeof(uint32_t);
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		size_t len = strlen(names + at), value = s->size + 2 * sizeof(uint32_t) + len;

		if (value > end)
			return -E2BIG;
		size = getxattr(number, names + at, s->answer + value, end - value);
		if (size < 0 && errno == ERANGE)
			return -E2BIG;
		if (size < 0)
			continue;
		put_u32(s, s->size, len);
		memcpy(s->answer + s->size + sizeof(uint32_t), names + at, len);
		put_u32(s, value - sizeof(uint32_t), (size_t)size);
		s->size = value + (size_t)size;
	}
	put_u32(s, start, s->size - start - sizeof(uint32_t));
	return 0;
}

/* A file that shrinks meanwhile gives less, one that grows gives no more. */
static int put_content(struct files *s, int found, size_t size)
{
	scoped_fd fd = file_reopen(s, found, O_RDONLY);

	for (ssize_t n = 1; fd >= 0 && n > 0 && size > 0; size -= (size_t)n) {
		n = read(fd, s->answer + s->size, size);
		if (n < 0)
			return -errno;
		s->size += (size_t)n;
	}
	return fd < 0 ? fd : 0;
}

int file_put_found(struct files *s, int found, const struct stat *st)
{
	uint32_t rdev[] = { major(st->st_rdev), minor(st->st_rdev) };
	uint64_t blocks = (uint64_t)st->st_blocks;
	ssize_t n = 0;

	file_put_status(s, st);
	file_put(s, rdev, sizeof(rdev));
	file_put(s, &blocks, sizeof(blocks));
	if (S_ISLNK(st->st_mode))
		n = readlinkat(found, "", (char *)s->answer + s->size + sizeof(uint32_t), TARGET_MAX);
	if (n < 0)
		return -errno;
	put_u32(s, s->size, (size_t)n);
	s->size += sizeof(uint32_t) + (size_t)n;
	return put_xattrs(s, found);
}

int file_get(struct files *s, const struct field *a)
{
	scoped_fd found = path_in(s->root, text(&a[FILE_GET_PATH]), O_PATH | O_NOFOLLOW, 0);
	struct stat st;
	int err;

	if (found < 0)
		return found;
	if (a[FILE_GET_MAX].num > CONTENT_MAX)
		return -EINVAL;
	if (fstat(found, &st) < 0)
		return -errno;
	err = file_put_found(s, found, &st);
	if (err == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size <= a[FILE_GET_MAX].num)
		err = put_content(s, found, (size_t)st.st_size);
	return err;
}

int file_set_xattr(struct files *s, const struct field *a)
{
	const struct field *value = &a[FILE_SET_XATTR_VALUE];
	int open = a[FILE_SET_XATTR_SLOT].num != NONE;
	scoped_fd found = open ? -1 : path_in(s->root, text(&a[FILE_SET_XATTR_PATH]), O_PATH | O_NOFOLLOW, 0);
	int fd = open ? file_slot(s, &a[FILE_SET_XATTR_SLOT]) : found;
	char number[12];

	if (fd < 0)
		return fd;
	/* by the descriptor's name in the directory that we stand in: xattr(7) has no call for what is found by O_PATH */
	file_name(number, fd);
	return setxattr(number, text(&a[FILE_SET_XATTR_NAME]), value->ptr, value->len, 0) < 0 ? -errno : 0;
}

int file_write_at(struct files *s, const struct field *a)
{
	int fd = file_slot(s, &a[FILE_WRITE_AT_SLOT]);

	if (fd < 0)
		return fd;
	if (lseek(fd, (off_t)a[FILE_WRITE_AT_OFFSET].num, SEEK_SET) < 0)
		return -errno;
	return file_write_all(fd, a[FILE_WRITE_AT_BYTES].ptr, a[FILE_WRITE_AT_BYTES].len);
}

int file_seek(struct files *s, const struct field *a)
{
	int fd = file_slot(s, &a[FILE_SEEK_SLOT]);
	off_t at;
	uint64_t found;

	if (fd < 0)
		return fd;
	at = lseek(fd, (off_t)a[FILE_SEEK_OFFSET].num, a[FILE_SEEK_DATA].num ? SEEK_DATA : SEEK_HOLE);
	if (at < 0)
		return -errno;
	found = (uint64_t)at;
	file_put(s, &found, sizeof(found));
	return 0;
}

int file_sync(struct files *s)
{
	scoped_fd fd = file_reopen(s, s->root, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fd;
	return syncfs(fd) < 0 ? -errno : 0;
}

int file_space(struct files *s)
{
	struct statfs is;

	if (fstatfs(s->root, &is) < 0)
		return -errno;
	{
		uint64_t said[] = { (uint64_t)is.f_type, (uint64_t)is.f_bsize, is.f_blocks, is.f_bfree, is.f_bavail,
				    is.f_files, is.f_ffree };

		file_put(s, said, sizeof(said));
	}
	return 0;
}
