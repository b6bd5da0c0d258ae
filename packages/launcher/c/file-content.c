/*
 * Content of files and directories. Nothing is opened before it was looked at: an O_PATH descriptor is found inside the root,
 * its type decides, and it is opened through /proc/self/fd, where no name can change in between. A FIFO cannot make us
 * wait, and a device is never touched.
 */
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "path.h"
#include "scoped.h"
#include "sys.h"

enum {
	OPEN_FLAGS = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_NOFOLLOW | O_DIRECTORY,
	NAMES = 16 << 10, /* directory entries read at once; what is said of each must fit into the answer */
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

void file_put(struct files *s, const void *bytes, size_t n)
{
	memcpy(s->answer + s->size, bytes, n);
	s->size += n;
}

static int64_t nanos(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void file_put_status(struct files *s, const struct stat *st)
{
	struct record r = {
		.mode = (uint32_t)st->st_mode, .uid = st->st_uid, .gid = st->st_gid, .links = (uint32_t)st->st_nlink,
		.size = (uint64_t)st->st_size, .ino = st->st_ino, .dev = st->st_dev,
		.atime = nanos(st->st_atim), .mtime = nanos(st->st_mtim), .ctime = nanos(st->st_ctim),
	};

	file_put(s, &r, sizeof(r));
}

int file_slot(const struct files *s, const struct field *number)
{
	return number->num < FILE_SLOTS && s->slot[number->num] >= 0 ? s->slot[number->num] : -EBADF;
}

void file_name(char name[12], int fd)
{
	snprintf(name, 12, "%d", fd);
}

/* From what was found to what can be read or written. */
int file_reopen(const struct files *s, int found, uint64_t flags)
{
	char name[12];
	int fd;

	file_name(name, found);
	fd = openat(s->fds, name, (int)flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int file_check(int fd, int directory, struct stat *st)
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
	err = file_check(fd, 0, &st);
	if (err < 0)
		return err;
	/* made without any permission, so that it is seen to be ours */
	if (!(st.st_mode & 07777) && fchmod(fd, (mode_t)a[FILE_OPEN_MODE].num & 07777) < 0)
		return -errno;
	return steal_fd(&fd);
}

int file_open(struct files *s, const struct field *a)
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
		fd = found < 0 ? found : file_check(found, (flags & O_DIRECTORY) != 0, &st);
		if (fd == 0)
			fd = file_reopen(s, found, flags & ~(fresh | O_NOFOLLOW));
	}
	if (fd < 0)
		return fd;
	s->slot[i] = fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	file_put_status(s, &st);
	return 0;
}

int file_read(struct files *s, const struct field *a)
{
	int fd = file_slot(s, &a[FILE_READ_SLOT]);
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

int file_write_all(int fd, const unsigned char *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t now = write(fd, bytes + done, n - done);

		if (now < 0)
			return -errno;
		done += (size_t)now;
	}
	return 0;
}

int file_write(struct files *s, const struct field *a)
{
	int fd = file_slot(s, &a[FILE_WRITE_SLOT]);

	return fd < 0 ? fd : file_write_all(fd, a[FILE_WRITE_BYTES].ptr, a[FILE_WRITE_BYTES].len);
}

/* Through memory that stays in the processor: page by page, as sendfile and copy_file_range do it, costs more. */
int file_copy(struct files *s, const struct field *a)
{
	scoped_fd found = path_in(s->root, text(&a[FILE_COPY_PATH]), O_PATH | O_NOFOLLOW, 0), fd = -1;
	uint64_t from = a[FILE_COPY_FROM].num, left = a[FILE_COPY_SIZE].num;
	struct stat st;
	int err = found < 0 ? found : file_check(found, 0, &st);

	fd = err < 0 ? err : file_reopen(s, found, O_RDONLY);
	if (fd < 0)
		return fd;
	if (lseek(s->output, (off_t)a[FILE_COPY_TO].num, SEEK_SET) < 0)
		return -errno;
	err = file_write_all(s->output, a[FILE_COPY_BYTES].ptr, a[FILE_COPY_BYTES].len);
	while (err == 0 && left) {
		ssize_t n = pread(fd, s->answer, left < FILE_CHUNK ? (size_t)left : FILE_CHUNK, (off_t)from);

		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		err = file_write_all(s->output, s->answer, (size_t)n);
		from += (uint64_t)n;
		left -= (uint64_t)n;
	}
	return err;
}

int file_close(struct files *s, const struct field *a)
{
	int fd = file_slot(s, &a[FILE_CLOSE_SLOT]);

	if (fd < 0)
		return fd;
	s->slot[a[FILE_CLOSE_SLOT].num] = -1;
	return close(fd) < 0 ? -errno : 0;
}

int file_list(struct files *s, const struct field *a)
{
	static _Alignas(struct entry) unsigned char names[NAMES];
	int fd = file_slot(s, &a[FILE_LIST_SLOT]);
	long n = fd;

	while (fd >= 0 && s->size == 0 && (n = syscall(SYS_getdents64, fd, names, sizeof(names))) > 0) {
		for (long at = 0; at < n; at += ((struct entry *)(names + at))->size) {
			const char *name = ((struct entry *)(names + at))->name;
			uint32_t len = (uint32_t)strlen(name);
			struct stat st;

			if (!strcmp(name, ".") || !strcmp(name, "..") || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
				continue; /* or gone meanwhile */
			file_put_status(s, &st);
			file_put(s, &len, sizeof(len));
			file_put(s, name, len);
		}
	}
	return fd < 0 ? fd : n < 0 ? -errno : 0;
}

int file_stat(struct files *s, const struct field *a)
{
	scoped_fd fd = path_in(s->root, text(&a[FILE_STAT_PATH]), O_PATH | (a[FILE_STAT_FOLLOW].num ? 0U : (uint64_t)O_NOFOLLOW), 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	file_put_status(s, &st);
	return 0;
}

