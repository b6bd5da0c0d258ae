/* rm -r of a hostile tree: of any depth, without recursion, by descriptors alone. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "sys.h"
#include "wire.h"

/*
 * Descriptors are few, levels are not, since a container can make as many as it has inodes: those far up are closed, and
 * found again by `..`. Their names are forgotten then: whoever is found again is read from its start, and so meets its child anew.
 */
enum { OPEN_LEVELS = 128, LEVELS_MAX = 1 << 20, RETRIES = 64 };

struct level {
	dev_t dev;
	ino_t ino;
};

/* What is known of a level as long as it is near: level i at i % OPEN_LEVELS. */
struct near {
	DIR *dir;	/* or NULL */
	char name[256];	/* in the level above; "": not known */
};

struct walk {
	struct level *level;
	size_t n, cap;
	struct near near[OPEN_LEVELS];
	const char *name;	/* of the whole */
	int retries;
};

static struct near *place(struct walk *w, size_t i)
{
	return &w->near[i % OPEN_LEVELS];
}

static int push(struct walk *w, int fd, const char *name)
{
	struct near *at = place(w, w->n);
	struct level *top;
	struct stat st;
	DIR *d;

	if (w->n == w->cap) {
		w->cap = w->cap * 2 + 16;
		w->level = must_realloc(w->level, w->cap * sizeof(*w->level));
	}
	top = &w->level[w->n];
	if (w->n >= LEVELS_MAX || strlen(name) >= sizeof(at->name) || fstat(fd, &st) < 0)
		return -ELOOP;
	d = fdopendir(fd);
	if (!d)
		return -errno;
	top->dev = st.st_dev;
	top->ino = st.st_ino;
	if (at->dir)
		closedir(at->dir);
	at->dir = d;
	memcpy(at->name, name, strlen(name) + 1);
	w->n++;
	return 0;
}

static int descend(struct walk *w, int dir, const char *name)
{
	int fd = sys_openat2(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
	int err;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = push(w, fd, name);
	if (err < 0)
		close(fd);
	return err;
}

/* `..` of a directory that was moved meanwhile is another one than that it was found in. */
static DIR *reopen(const struct level *is, DIR *top)
{
	int fd = openat(dirfd(top), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	DIR *d = NULL;

	if (fd < 0)
		return NULL;
	errno = ESTALE;
	if (fstat(fd, &st) == 0 && st.st_dev == is->dev && st.st_ino == is->ino)
		d = fdopendir(fd);
	if (!d)
		close(fd);
	return d;
}

/* Found again: what is in it is read anew, and its own name is not known any more. */
static int find_again(struct walk *w, size_t i, DIR *below)
{
	struct near *at = place(w, i);

	if (at->dir)
		return 0;
	at->dir = reopen(&w->level[i], below);
	memcpy(at->name, i ? "" : w->name, i ? 1 : strlen(w->name) + 1);
	return at->dir ? 0 : -errno;
}

static int ascend(struct walk *w, int base)
{
	struct near *top = place(w, w->n - 1), *up = w->n > 1 ? place(w, w->n - 2) : NULL;
	int err = up ? find_again(w, w->n - 2, top->dir) : 0;

	if (err < 0)
		return err;
	/* without its name it is left to whoever reads the level above, from its start */
	if (top->name[0] && unlinkat(up ? dirfd(up->dir) : base, top->name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		/* somebody goes on writing here */
		if (errno != ENOTEMPTY || w->retries++ == RETRIES)
			return -errno;
		rewinddir(top->dir);
		return 0;
	}
	closedir(top->dir);
	top->dir = NULL;
	w->n--;
	return 0;
}

static int entry(struct walk *w, const char *name)
{
	int dir = dirfd(place(w, w->n - 1)->dir);

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == ENOTEMPTY ? descend(w, dir, name) : -errno;
}

int tree_remove(int dir, const char *name)
{
	struct walk w = { .name = name };
	int err = descend(&w, dir, name);

	while (err == 0 && w.n) {
		DIR *d = place(&w, w.n - 1)->dir;
		struct dirent *e = d ? readdir(d) : NULL;

		err = e ? entry(&w, e->d_name) : d ? ascend(&w, dir) : -EIO;
	}
	for (size_t i = 0; i < OPEN_LEVELS; i++)
		if (w.near[i].dir)
			closedir(w.near[i].dir);
	free(w.level);
	return err;
}
