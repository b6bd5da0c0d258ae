/* rm -r of a hostile tree: of any depth, without recursion, by descriptors alone. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "sys.h"
#include "wire.h"

/* Descriptors are few, levels are not: those far up are closed, and found again by `..`. */
enum { OPEN_LEVELS = 128, LEVELS_MAX = 1 << 16, RETRIES = 64 };

struct level {
	dev_t dev;
	ino_t ino;
	char name[256];
};

struct walk {
	struct level *level;
	size_t n, cap;
	DIR *open[OPEN_LEVELS]; /* of level i at i % OPEN_LEVELS, or NULL */
	int retries;
};

static DIR **place(struct walk *w, size_t i)
{
	return &w->open[i % OPEN_LEVELS];
}

static int push(struct walk *w, int fd, const char *name)
{
	struct level *top;
	struct stat st;
	DIR *d;

	if (w->n == w->cap) {
		w->cap = w->cap * 2 + 16;
		w->level = must_realloc(w->level, w->cap * sizeof(*w->level));
	}
	top = &w->level[w->n];
	if (w->n >= LEVELS_MAX || strlen(name) >= sizeof(top->name) || fstat(fd, &st) < 0)
		return -ELOOP;
	d = fdopendir(fd);
	if (!d)
		return -errno;
	top->dev = st.st_dev;
	top->ino = st.st_ino;
	memcpy(top->name, name, strlen(name) + 1);
	if (*place(w, w->n))
		closedir(*place(w, w->n));
	*place(w, w->n++) = d;
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

static int ascend(struct walk *w, int base)
{
	DIR **top = place(w, w->n - 1), **up = w->n > 1 ? place(w, w->n - 2) : NULL;

	if (up && !*up)
		*up = reopen(&w->level[w->n - 2], *top);
	if (up && !*up)
		return -errno;
	if (unlinkat(up ? dirfd(*up) : base, w->level[w->n - 1].name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		/* somebody goes on writing here */
		if (errno != ENOTEMPTY || w->retries++ == RETRIES)
			return -errno;
		rewinddir(*top);
		return 0;
	}
	closedir(*top);
	*top = NULL;
	w->n--;
	return 0;
}

static int entry(struct walk *w, const char *name)
{
	int dir = dirfd(*place(w, w->n - 1));

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
	struct walk w = { 0 };
	int err = descend(&w, dir, name);

	while (err == 0 && w.n) {
		DIR *d = *place(&w, w.n - 1);
		struct dirent *e = d ? readdir(d) : NULL;

		err = e ? entry(&w, e->d_name) : d ? ascend(&w, dir) : -EIO;
	}
	for (size_t i = 0; i < OPEN_LEVELS; i++)
		if (w.open[i])
			closedir(w.open[i]);
	free(w.level);
	return err;
}
