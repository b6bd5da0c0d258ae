/* What the file server does with names, and with what is known of files; and which request is which. */
#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>

#include "failure.h"
#include "files.h"
#include "path.h"
#include "scoped.h"
#include "sys.h"

enum {
	SET_MODE = 1, SET_OWNER = 2, SET_TIMES = 4, SET_SIZE = 8,
	WATCHED = IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_MOVE | IN_ONLYDIR | IN_EXCL_UNLINK,
};

struct timespec file_time(const struct field *is)
{
	int64_t ns = (int64_t)is->num;
	int64_t sec = ns / 1000000000 - (ns % 1000000000 < 0);

	return (struct timespec){ .tv_sec = (time_t)sec, .tv_nsec = (long)(ns - sec * 1000000000) };
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
		return a[FILE_MKDIR_RECURSIVE].num && file_check(found, 1, &st) == 0 ? 0 : -EEXIST;
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
	char name[256];
	struct failure f;
	scoped_fd dir = path_parent(&f, s->root, text(&a[FILE_LINK_TO]), name);

	return dir < 0 ? dir : file_link(s, text(&a[FILE_LINK_FROM]), dir, name);
}

static int set_size(const struct files *s, const struct field *a, int found)
{
	int open = a[FILE_SET_SLOT].num != NONE;
	scoped_fd fd = -1;
	struct stat st;
	int err = file_check(found, 0, &st);

	if (err == 0 && !open)
		err = fd = file_reopen(s, found, O_WRONLY);
	if (err < 0)
		return err;
	return ftruncate(open ? found : fd, (off_t)a[FILE_SET_SIZE].num) < 0 ? -errno : 0;
}

static int do_set(struct files *s, const struct field *a)
{
	struct timespec times[] = { file_time(&a[FILE_SET_ATIME_NS]), file_time(&a[FILE_SET_MTIME_NS]) };
	uint64_t mask = a[FILE_SET_MASK].num, nofollow = a[FILE_SET_FOLLOW].num ? 0U : (uint64_t)O_NOFOLLOW;
	int open = a[FILE_SET_SLOT].num != NONE;
	scoped_fd found = open ? -1 : path_in(s->root, text(&a[FILE_SET_PATH]), O_PATH | nofollow, 0);
	int fd = open ? file_slot(s, &a[FILE_SET_SLOT]) : found;
	char name[12];
	int err = fd;

	if (fd < 0)
		return fd;
	file_name(name, fd);
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
	file_name(name, dir);
	/* inotify knows names only: the server stands in /proc/self/fd for it */
	n = inotify_add_watch(s->notify, name, WATCHED);
	if (n < 0)
		return -errno;
	file_put(s, &n, sizeof(n));
	return 0;
}

static int settle(struct files *s)
{
	uint32_t said[] = { s->done, (uint32_t)-s->failed };

	file_put(s, said, sizeof(said));
	s->done = 0;
	s->failed = 0;
	return 0;
}

static int do_one(struct files *s, uint32_t type, const struct field *a)
{
	s->size = 0;
	switch ((enum file_type)type) {
	case FILE_OPEN:
		return file_open(s, a);
	case FILE_READ:
		return file_read(s, a);
	case FILE_WRITE:
		return file_write(s, a);
	case FILE_CLOSE:
		return file_close(s, a);
	case FILE_LIST:
		return file_list(s, a);
	case FILE_STAT:
		return file_stat(s, a);
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
	case FILE_MAKE:
		return file_make(s, a);
	case FILE_GET:
		return file_get(s, a);
	case FILE_SET_XATTR:
		return file_set_xattr(s, a);
	case FILE_WRITE_AT:
		return file_write_at(s, a);
	case FILE_SEEK:
		return file_seek(s, a);
	case FILE_SYNC:
		return file_sync(s);
	case FILE_SPACE:
		return file_space(s);
	case FILE_WALK:
		return file_walk(s, a);
	case FILE_NEXT:
		return file_next(s, a);
	case FILE_END_WALK:
		return file_end_walk(s, a);
	case FILE_COPY:
		return file_copy(s, a);
	case FILE_SETTLE:
		return settle(s);
	}
	return -ENOSYS;
}

int files_do(struct files *s, uint32_t type, const struct field *a)
{
	int err;

	file_forget_parent(s);
	err = do_one(s, type, a);
	file_forget_parent(s);
	return err;
}

void files_do_unanswered(struct files *s, uint32_t type, const struct field *a)
{
	if (s->failed)
		return;
	if (type == FILE_REMOVE || type == FILE_RENAME)
		file_forget_parent(s);
	s->failed = do_one(s, type, a);
	if (!s->failed)
		s->done++;
}
