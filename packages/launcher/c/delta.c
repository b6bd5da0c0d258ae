#include "delta.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "copy-file.h"
#include "copy-tree.h"
#include "scoped.h"
#include "sys.h"

enum { PATH_ROOM = 4096 };

struct delta {
	int from, to;
};

/* The directories on the way to a path, as they are in the copy. */
static int make_way(const struct delta *d, const char *path)
{
	char way[PATH_ROOM];
	int err = 0;

	for (const char *end = path; err == 0 && (end = strchr(end, '/')); end++) {
		scoped_fd is = -1;

		memcpy(way, path, (size_t)(end - path));
		way[end - path] = 0;
		is = open_in(d->to, way, O_PATH | O_DIRECTORY);
		if (is < 0)
			err = copy_directory(d->from, d->to, way);
	}
	return err;
}

/* Where an entry is to be made: the directory, and its name in there. -errno. */
static int parent_of(const struct delta *d, const char *path, const char **name)
{
	char way[PATH_ROOM] = "";
	const char *slash = strrchr(path, '/');
	int fd;

	*name = slash ? slash + 1 : path;
	if (slash) {
		memcpy(way, path, (size_t)(slash - path));
		way[slash - path] = 0;
	}
	fd = open_in(d->to, way, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? -errno : fd;
}

static int whiteout(void *to, const char *path, const struct stat *was)
{
	const struct delta *d = to;
	const char *name;
	int err = make_way(d, path);
	scoped_fd dir = err ? -1 : parent_of(d, path, &name);

	(void)was;
	if (dir < 0)
		return err ? err : dir;
	return mknodat(dir, name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
}

static int found(void *to, int dir, const char *path, const struct stat *st, const struct stat *was)
{
	const struct delta *d = to;
	const char *name;
	int err = make_way(d, path);
	scoped_fd into = -1;

	if (err)
		return err;
	/* no copy has sockets; what is below would be seen in its place */
	if (S_ISSOCK(st->st_mode))
		return was ? whiteout(to, path, was) : 0;
	if (S_ISDIR(st->st_mode))
		return copy_directory(d->from, d->to, path);
	into = parent_of(d, path, &name);
	return into < 0 ? into : copy_entry_at(dir, d->to, into, path, st);
}

int delta_copy(struct whole *w, int to)
{
	struct delta d = { .from = w->root, .to = to };
	int err;

	copy_rules.unmarked = 1;
	w->links = 1;
	w->to = &d;
	w->found = found;
	w->gone = whiteout;
	err = copy_directory(d.from, to, "");
	if (err == 0)
		err = whole_walk(w);
	return err ? err : copy_end(to, NULL, 0);
}
