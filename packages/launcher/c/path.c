#include "path.h"

#include <errno.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scoped.h"
#include "sys.h"

static int one_component(const char *path)
{
	while (*path == '/')
		path++;
	return !strchr(path, '/');
}

/* Tries; from the 16th on with a pause before each, 1.2 s in all. */
enum { SOON = 16, LATE = 500, PAUSE_NS = 10000 };

int path_in(int base, const char *path, uint64_t flags, uint64_t resolve)
{
	resolve |= RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	for (int tries = 0;; tries++) {
		const struct timespec pause = { .tv_nsec = (long)tries * PAUSE_NS };
		int fd = sys_openat2(base, path, flags, resolve);

		if (fd >= 0)
			return fd;
		/*
		 * EAGAIN: something, anywhere, was renamed or mounted while the kernel walked a path with `..`; it asks us to
		 * try again. Whoever renames all the time, in any container, should not keep others from starting.
		 */
		if ((errno != EAGAIN && errno != EINTR) || tries == LATE)
			return -errno;
		if (tries >= SOON)
			nanosleep(&pause, NULL);
	}
}

int path_try(int base, const char *path)
{
	return path_in(base, path, O_PATH, one_component(path) ? RESOLVE_NO_SYMLINKS : 0);
}

int path_open(struct failure *f, int base, const char *path)
{
	int fd = path_try(base, path);

	return fd < 0 ? fail_with(f, -fd, "openat2", path) : fd;
}

int path_parent(struct failure *f, int base, const char *path, char *name)
{
	char dir[4096];
	const char *last;
	size_t n = strlen(path);
	int fd;

	while (n && path[n - 1] == '/')
		n--;
	if (n >= sizeof(dir))
		return fail_with(f, ENAMETOOLONG, "openat2", path);
	memcpy(dir, path, n);
	dir[n] = 0;
	last = strrchr(dir, '/');
	last = last ? last + 1 : dir;
	if (!*last || !strcmp(last, ".") || !strcmp(last, ".."))
		return fail_with(f, EINVAL, "openat2", path);
	if (strlen(last) > 255)
		return fail_with(f, ENAMETOOLONG, "openat2", path);
	memcpy(name, last, strlen(last) + 1);
	dir[last - dir] = 0;
	if (!*dir)
		memcpy(dir, ".", 2);
	fd = path_in(base, dir, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? fail_with(f, -fd, "openat2", path) : fd;
}

/* A mount with mapped ids takes files of ids that it maps, and ours is none of them. */
static int mkdir_as(int dir, const char *name, struct owner o)
{
	int err;

	if (mkdirat(dir, name, 0700) == 0)
		return 0;
	if (errno != EOVERFLOW)
		return -1;
	setfsgid(o.gid);
	setfsuid(o.uid);
	err = mkdirat(dir, name, 0700) < 0 ? errno : 0;
	setfsuid(geteuid());
	setfsgid(getegid());
	errno = err;
	return err ? -1 : 0;
}

static int make_one(struct failure *f, int base, const char *path, struct owner o)
{
	char name[256];
	scoped_fd dir = path_parent(f, base, path, name);
	scoped_fd made = -1;

	if (dir < 0)
		return dir;
	if (mkdir_as(dir, name, o) < 0)
		return errno == EEXIST ? 0 : fail(f, "mkdirat", path);
	made = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made < 0)
		return fail(f, "openat", path);
	if (fchown(made, o.uid, o.gid) < 0)
		return fail(f, "fchown", path);
	if (fchmod(made, o.mode) < 0)
		return fail(f, "fchmod", path);
	return 0;
}

int path_mkdir(struct failure *f, int base, const char *path, struct owner o)
{
	char part[4096];
	size_t n = strlen(path);
	struct stat st;

	if (n >= sizeof(part))
		return fail_with(f, ENAMETOOLONG, "mkdirat", path);
	for (size_t end = 1; end <= n; end++) {
		scoped_fd there = -1;
		int err;

		if (path[end] && path[end] != '/')
			continue;
		if (path[end - 1] == '/')
			continue; /* the leading slash, a doubled or a trailing one */
		memcpy(part, path, end);
		part[end] = 0;
		/* links are followed, inside the root, but for a whole path of one component */
		there = end < n ? path_in(base, part, O_PATH, 0) : path_try(base, part);
		if (there == -ENOENT) {
			err = make_one(f, base, part, o);
			if (err < 0)
				return err;
			there = path_try(base, part);
		}
		if (there < 0)
			return fail_with(f, -there, "openat2", part);
		if (fstat(there, &st) < 0)
			return fail(f, "fstat", part);
		if (!S_ISDIR(st.st_mode))
			return fail_with(f, ENOTDIR, "mkdirat", part);
	}
	return 0;
}

/* Puts what a link says in the place of the first `end` bytes of a path. */
static int replace_link(char *path, size_t end, const char *target)
{
	char rest[PATH_ROOM];
	size_t dir = end, kept;

	memcpy(rest, path + end, strlen(path + end) + 1);
	while (dir && path[dir - 1] != '/')
		dir--;
	kept = target[0] == '/' ? 0 : dir;
	if (kept + strlen(target) + strlen(rest) >= PATH_ROOM)
		return -ENAMETOOLONG;
	memcpy(path + kept, target, strlen(target) + 1);
	memcpy(path + kept + strlen(target), rest, strlen(rest) + 1);
	return 0;
}

/* 1: one was replaced; 0: there is none. */
static int settle_one(int base, char *path)
{
	char part[PATH_ROOM], target[PATH_ROOM];

	for (size_t end = 1; path[end - 1]; end++) {
		scoped_fd there = -1, link = -1;
		ssize_t n;

		if ((path[end] && path[end] != '/') || path[end - 1] == '/')
			continue;
		memcpy(part, path, end);
		part[end] = 0;
		there = path_in(base, part, O_PATH, 0);
		if (there >= 0)
			continue;
		link = path_in(base, part, O_PATH | O_NOFOLLOW, 0);
		/* not a link: nothing is there (EINVAL: readlinkat wants one), and what is wrong is told by who makes it */
		if (there != -ENOENT || link < 0)
			return 0;
		n = readlinkat(link, "", target, sizeof(target) - 1);
		if (n <= 0)
			return 0;
		target[n] = 0;
		n = replace_link(path, end, target);
		return n < 0 ? (int)n : 1;
	}
	return 0;
}

int path_settle(struct failure *f, int base, const char *path, char *out)
{
	size_t n = strlen(path);
	int more = 1;

	if (n >= PATH_ROOM)
		return fail_with(f, ENAMETOOLONG, "openat2", path);
	memcpy(out, path, n + 1);
	if (one_component(path))
		return 0; /* no link at all, wherever it leads */
	for (int links = 0; more > 0 && links < 40; links++)
		more = settle_one(base, out);
	return more ? fail_with(f, more < 0 ? -more : ELOOP, "openat2", path) : 0;
}
