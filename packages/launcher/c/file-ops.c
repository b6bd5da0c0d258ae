/*
 * What the file server can do. Nothing is opened before it was looked at: an O_PATH descriptor is found inside the root,
 * its type decides, and it is opened through /proc/self/fd, where no name can change in between. A FIFO cannot make us
 * wait, and a device is never touched.
 */
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "path.h"
#include "scoped.h"
#include "sys.h"

enum {
	OPEN_FLAGS = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_NOFOLLOW | O_DIRECTORY,
	NAMES = 16 << 10, /* directory entries read at once; what is said of each must fit into the answer */
	SET_MODE = 1, SET_OWNER = 2, SET_TIMES = 4, SET_SIZE = 8,
	WATCHED = IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_MOVE | IN_ONLYDIR | IN_EXCL_UNLINK,
};

/* What stat tells, as the client reads it. */
struct record {
	uint32_t mode, uid, gid, links;
	uint64_t size, ino, dev;
	int64_t atime, mtime, ctime;
};

struct entry {
	uint64_t ino;
	int64_t next;
	uint16_t size;
	unsigned char type;
	char name[];
};

static void put(struct files *s, const void *bytes, size_t n)
{
	memcpy(s->answer + s->size, bytes, n);
	s->size += n;
}

static int64_t nanos(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct timespec since_epoch(int64_t ns)
{
	int64_t sec = ns / 1000000000 - (ns % 1000000000 < 0);

	return (struct timespec){ .tv_sec = (time_t)sec, .tv_nsec = (long)(ns - sec * 1000000000) };
}

static void put_status(struct files *s, const struct stat *st)
{
	struct record r = {
		.mode = (uint32_t)st->st_mode, .uid = st->st_uid, .gid = st->st_gid, .links = (uint32_t)st->st_nlink,
		.size = (uint64_t)st->st_size, .ino = st->st_ino, .dev = st->st_dev,
		.atime = nanos(st->st_atim), .mtime = nanos(st->st_mtim), .ctime = nanos(st->st_ctim),
	};

	put(s, &r, sizeof(r));
}

static int slot_of(const struct files *s, const struct field *number)
{
	return number->num < FILE_SLOTS && s->slot[number->num] >= 0 ? s->slot[number->num] : -EBADF;
}

static void number(char name[12], int fd)
{
	snprintf(name, 12, "%d", fd);
}

/* From what was found to what can be read or written. */
static int reopen(const struct files *s, int found, uint64_t flags)
{
	char name[12];
	int fd;

	number(name, found);
	fd = openat(s->fds, name, (int)flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int check_type(int fd, int directory, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -errno;
	if (directory)
		return S_ISDIR(st->st_mode) ? 0 : -ENOTDIR;
	if (S_ISREG(st->st_mode))
		return 0;
	return S_ISDIR(st->st_mode) ? -EISDIR : S_ISLNK(st->st_mode) ? -ELOOP : -EINVAL;
}

/* Should anything but a new file come up under the name, it is not waited for, and looked at again. */
static int create(const struct files *s, const struct field *a, uint64_t flags)
{
	scoped_fd fd = path_in(s->root, text(&a[FILE_OPEN_PATH]), (flags & ~(uint64_t)O_TRUNC) | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	int err;

	if (fd < 0)
		return fd;
	err = check_type(fd, 0, &st);
	if (err < 0)
		return err;
	/* made without any permission, so that it is seen to be ours */
	if (!(st.st_mode & 07777) && fchmod(fd, (mode_t)a[FILE_OPEN_MODE].num & 07777) < 0)
		return -errno;
	return steal_fd(&fd);
}

static int do_open(struct files *s, const struct field *a)
{
	uint64_t flags = a[FILE_OPEN_FLAGS].num, i = a[FILE_OPEN_SLOT].num;
	const uint64_t fresh = O_CREAT | O_EXCL;
	scoped_fd found = -1;
	struct stat st;
	int fd;

	if (i >= FILE_SLOTS || s->slot[i] >= 0)
		return -EBADF;
	if ((flags & ~(uint64_t)OPEN_FLAGS) || (flags & (O_DIRECTORY | O_CREAT)) == (O_DIRECTORY | O_CREAT))
		return -EINVAL;
	found = path_in(s->root, text(&a[FILE_OPEN_PATH]), O_PATH | (flags & O_NOFOLLOW), 0);
	if (found >= 0 && (flags & fresh) == fresh)
		return -EEXIST;
	if (found == -ENOENT && (flags & O_CREAT)) {
		fd = create(s, a, flags);
	} else {
		fd = found < 0 ? found : check_type(found, (flags & O_DIRECTORY) != 0, &st);
		if (fd == 0)
			fd = reopen(s, found, flags & ~(fresh | O_NOFOLLOW));
	}
	if (fd < 0)
		return fd;
	s->slot[i] = fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	put_status(s, &st);
	return 0;
}

static int do_read(struct files *s, const struct field *a)
{
	int fd = slot_of(s, &a[FILE_READ_SLOT]);
	ssize_t n;

	if (fd < 0)
		return fd;
	if (a[FILE_READ_SIZE].num > FILE_CHUNK)
		return -EINVAL;
	n = pread(fd, s->answer, (size_t)a[FILE_READ_SIZE].num, (off_t)a[FILE_READ_OFFSET].num);
	if (n < 0)
		return -errno;
	s->size = (size_t)n;
	return 0;
}

static int do_write(struct files *s, const struct field *a)
{
	const struct field *bytes = &a[FILE_WRITE_BYTES];
	int fd = slot_of(s, &a[FILE_WRITE_SLOT]);

	for (uint32_t done = 0; fd >= 0 && done < bytes->len;) {
		ssize_t n = write(fd, bytes->ptr + done, bytes->len - done);

		if (n < 0)
			return -errno;
		done += (uint32_t)n;
	}
	return fd < 0 ? fd : 0;
}

static int do_close(struct files *s, const struct field *a)
{
	int fd = slot_of(s, &a[FILE_CLOSE_SLOT]);

	if (fd < 0)
		return fd;
	s->slot[a[FILE_CLOSE_SLOT].num] = -1;
	return close(fd) < 0 ? -errno : 0;
}

static int do_list(struct files *s, const struct field *a)
{
	static _Alignas(struct entry) unsigned char names[NAMES];
	int fd = slot_of(s, &a[FILE_LIST_SLOT]);
	long n = fd;

	while (fd >= 0 && s->size == 0 && (n = syscall(SYS_getdents64, fd, names, sizeof(names))) > 0) {
		for (long at = 0; at < n; at += ((struct entry *)(names + at))->size) {
			const char *name = ((struct entry *)(names + at))->name;
			uint32_t len = (uint32_t)strlen(name);
			struct stat st;

			if (!strcmp(name, ".") || !strcmp(name, "..") || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
				continue; /* or gone meanwhile */
			put_status(s, &st);
			put(s, &len, sizeof(len));
			put(s, name, len);
		}
	}
	return fd < 0 ? fd : n < 0 ? -errno : 0;
}

static int do_stat(struct files *s, const struct field *a)
{
	scoped_fd fd = path_in(s->root, text(&a[FILE_STAT_PATH]), O_PATH | (a[FILE_STAT_FOLLOW].num ? 0U : (uint64_t)O_NOFOLLOW), 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	put_status(s, &st);
	return 0;
}

static int do_mkdir(struct files *s, const struct field *a)
{
	const char *path = text(&a[FILE_MKDIR_PATH]);
	struct owner o = { .mode = (mode_t)a[FILE_MKDIR_MODE].num & 07777 };
	scoped_fd found = path_in(s->root, path, O_PATH, 0);
	scoped_fd dir = -1;
	struct failure f;
	struct stat st;
	char name[256];

	if (found >= 0)
		return a[FILE_MKDIR_RECURSIVE].num && check_type(found, 1, &st) == 0 ? 0 : -EEXIST;
	if (found != -ENOENT)
		return found;
	if (a[FILE_MKDIR_RECURSIVE].num)
		return path_mkdir(&f, s->root, path, o);
	dir = path_parent(&f, s->root, path, name);
	if (dir < 0)
		return dir;
	return mkdirat(dir, name, o.mode) < 0 ? -errno : 0;
}

static int do_remove(struct files *s, const struct field *a)
{
	char name[256];
	struct failure f;
	scoped_fd dir = path_parent(&f, s->root, text(&a[FILE_REMOVE_PATH]), name);

	if (dir < 0)
		return dir;
	if (unlinkat(dir, name, 0) == 0)
		return 0;
	if (errno != EISDIR || !a[FILE_REMOVE_RECURSIVE].num)
		return -errno;
	return tree_remove(dir, name);
}

static int do_rename(struct files *s, const struct field *a)
{
	char from[256], to[256];
	struct failure f;
	scoped_fd source = path_parent(&f, s->root, text(&a[FILE_RENAME_FROM]), from);
	scoped_fd target = source < 0 ? source : path_parent(&f, s->root, text(&a[FILE_RENAME_TO]), to);

	if (target < 0)
		return target;
	return renameat(source, from, target, to) < 0 ? -errno : 0;
}

static int do_symlink(struct files *s, const struct field *a)
{
	char name[256];
	struct failure f;
	scoped_fd dir = path_parent(&f, s->root, text(&a[FILE_SYMLINK_PATH]), name);

	if (dir < 0)
		return dir;
	return symlinkat(text(&a[FILE_SYMLINK_TARGET]), dir, name) < 0 ? -errno : 0;
}

static int do_readlink(struct files *s, const struct field *a)
{
	scoped_fd fd = path_in(s->root, text(&a[FILE_READLINK_PATH]), O_PATH | O_NOFOLLOW, 0);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISLNK(st.st_mode))
		return -EINVAL;
	n = readlinkat(fd, "", (char *)s->answer, FILE_CHUNK);
	if (n < 0)
		return -errno;
	s->size = (size_t)n;
	return 0;
}

static int do_link(struct files *s, const struct field *a)
{
	scoped_fd found = path_in(s->root, text(&a[FILE_LINK_FROM]), O_PATH | O_NOFOLLOW, 0);
	scoped_fd dir = -1;
	char name[256], from[12];
	struct failure f;

	if (found < 0)
		return found;
	dir = path_parent(&f, s->root, text(&a[FILE_LINK_TO]), name);
	if (dir < 0)
		return dir;
	number(from, found);
	return linkat(s->fds, from, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int set_size(const struct files *s, const struct field *a, int found)
{
	int open = a[FILE_SET_SLOT].num != NONE;
	scoped_fd fd = -1;
	struct stat st;
	int err = check_type(found, 0, &st);

	if (err == 0 && !open)
		err = fd = reopen(s, found, O_WRONLY);
	if (err < 0)
		return err;
	return ftruncate(open ? found : fd, (off_t)a[FILE_SET_SIZE].num) < 0 ? -errno : 0;
}

static int do_set(struct files *s, const struct field *a)
{
	struct timespec times[] = { since_epoch((int64_t)a[FILE_SET_ATIME_NS].num),
				    since_epoch((int64_t)a[FILE_SET_MTIME_NS].num) };
	uint64_t mask = a[FILE_SET_MASK].num, nofollow = a[FILE_SET_FOLLOW].num ? 0U : (uint64_t)O_NOFOLLOW;
	int open = a[FILE_SET_SLOT].num != NONE;
	scoped_fd found = open ? -1 : path_in(s->root, text(&a[FILE_SET_PATH]), O_PATH | nofollow, 0);
	int fd = open ? slot_of(s, &a[FILE_SET_SLOT]) : found;
	char name[12];
	int err = fd;

	if (fd < 0)
		return fd;
	number(name, fd);
	if (mask & SET_SIZE)
		err = set_size(s, a, fd);
	/* a change of owner takes set-user-ID away: the mode comes after it */
	if (err >= 0 && (mask & SET_OWNER))
		err = fchownat(fd, "", (uid_t)a[FILE_SET_UID].num, (gid_t)a[FILE_SET_GID].num, AT_EMPTY_PATH) < 0 ? -errno : 0;
	if (err >= 0 && (mask & SET_MODE))
		err = fchmodat(s->fds, name, (mode_t)a[FILE_SET_MODE].num & 07777, 0) < 0 ? -errno : 0;
	if (err >= 0 && (mask & SET_TIMES))
		err = utimensat(s->fds, name, times, 0) < 0 ? -errno : 0;
	return err < 0 ? err : 0;
}

static int do_watch(struct files *s, const struct field *a)
{
	scoped_fd dir = path_in(s->root, text(&a[FILE_WATCH_PATH]), O_PATH | O_DIRECTORY, 0);
	char name[12];
	int n;

	if (dir < 0)
		return dir;
	if (s->notify < 0)
		s->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->notify < 0)
		return -errno;
	number(name, dir);
	/* inotify knows names only: the server stands in /proc/self/fd for it */
	n = inotify_add_watch(s->notify, name, WATCHED);
	if (n < 0)
		return -errno;
	put(s, &n, sizeof(n));
	return 0;
}

int files_do(struct files *s, uint32_t type, const struct field *a)
{
	s->size = 0;
	switch ((enum file_type)type) {
	case FILE_OPEN:
		return do_open(s, a);
	case FILE_READ:
		return do_read(s, a);
	case FILE_WRITE:
		return do_write(s, a);
	case FILE_CLOSE:
		return do_close(s, a);
	case FILE_LIST:
		return do_list(s, a);
	case FILE_STAT:
		return do_stat(s, a);
	case FILE_MKDIR:
		return do_mkdir(s, a);
	case FILE_REMOVE:
		return do_remove(s, a);
	case FILE_RENAME:
		return do_rename(s, a);
	case FILE_SYMLINK:
		return do_symlink(s, a);
	case FILE_READLINK:
		return do_readlink(s, a);
	case FILE_LINK:
		return do_link(s, a);
	case FILE_SET:
		return do_set(s, a);
	case FILE_WATCH:
		return do_watch(s, a);
	case FILE_UNWATCH:
		return inotify_rm_watch(s->notify, (int)a[FILE_UNWATCH_NUMBER].num) < 0 ? -errno : 0;
	}
	return -ENOSYS;
}
