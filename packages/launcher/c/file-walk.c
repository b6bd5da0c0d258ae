/*
 * A tree from its top: each entry with all that is known of it and its content, in the order of the bytes of their names, as
 * much at a time as an answer holds. Of a directory only the names are kept; what has one is found below the root by its path.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "path.h"
#include "scoped.h"
#include "sys.h"
#include "wire.h"

enum record { ENTRY = 0, CONTENT = 1, FAILED = 2 };

/* Room that an entry may need: its record's head, its path, and what is found; and the least content worth a record. */
enum { HEAD = 2 * sizeof(uint32_t), ENTRY_MAX = HEAD + 12 + PATH_ROOM + FILE_FOUND_MAX, LEAST = 4 << 10 };

static const uint64_t not_told = ~(uint64_t)0;

/* A directory's names, one after another, and where each begins. */
struct level {
	char *names, **name;
	size_t n, at;
	size_t path; /* length of its own */
};

struct walk {
	struct level *level;
	size_t depth, cap;
	uint64_t left; /* to be told of `file` */
	uint64_t most; /* what is larger is asked for */
	int file, holes, failed;
	char path[PATH_ROOM];
};

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(struct level *l, DIR *dir)
{
	size_t used = 0, cap = 0;
	struct dirent *e;

	while ((errno = 0, e = readdir(dir))) {
		size_t size = strlen(e->d_name) + 1;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (cap - used < size) {
			cap = cap * 2 + 4096;
			l->names = must_realloc(l->names, cap);
		}
		memcpy(l->names + used, e->d_name, size);
		used += size;
		l->n++;
	}
	if (errno)
		return -errno;
	l->name = must_realloc(NULL, (l->n + 1) * sizeof(*l->name));
	for (size_t i = 0, at = 0; i < l->n; at += strlen(l->names + at) + 1)
		l->name[i++] = l->names + at;
	qsort(l->name, l->n, sizeof(*l->name), by_bytes);
	return 0;
}

static void pop(struct walk *w)
{
	struct level *top = &w->level[--w->depth];

	free(top->names);
	free(top->name);
}

static int push(struct files *s, struct walk *w, int found)
{
	int fd = file_reopen(s, found, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int err = fd < 0 ? fd : dir ? 0 : -errno;

	if (w->depth == w->cap) {
		w->cap = w->cap * 2 + 16;
		w->level = must_realloc(w->level, w->cap * sizeof(*w->level));
	}
	w->level[w->depth++] = (struct level){ .path = strlen(w->path) };
	if (dir) {
		err = read_names(&w->level[w->depth - 1], dir);
		closedir(dir);
	} else if (fd >= 0) {
		close(fd);
	}
	return err;
}

static void put_head(struct files *s, size_t at, enum record kind)
{
	uint32_t head[] = { kind, (uint32_t)(s->size - at - HEAD) };

	memcpy(s->answer + at, head, HEAD);
}

/* What is asked for in vain ends the walk; what was told before is not lost. */
static void put_failed(struct files *s, struct walk *w, size_t at, int err)
{
	uint32_t number = (uint32_t)-err;

	s->size = at + HEAD;
	file_put(s, &number, sizeof(number));
	file_put(s, w->path, strlen(w->path));
	put_head(s, at, FAILED);
	w->failed = 1;
}

static int put_content(struct files *s, struct walk *w)
{
	size_t at = s->size, room = FILE_CHUNK - at - HEAD;
	ssize_t n = read(w->file, s->answer + at + HEAD, w->left < room ? (size_t)w->left : room);

	if (n <= 0)
		return n < 0 ? -errno : -ENODATA;
	s->size += HEAD + (size_t)n;
	put_head(s, at, CONTENT);
	w->left -= (uint64_t)n;
	return 0;
}

/* What is large and has several names would come as often: it is asked for once. How much is told, in `told`. */
static int open_content(const struct files *s, struct walk *w, int found, const struct stat *st, uint64_t *told)
{
	if ((uint64_t)st->st_size > w->most || (st->st_nlink > 1 && st->st_size > FILE_CHUNK) ||
	    (w->holes && (uint64_t)st->st_blocks * 512 < (uint64_t)st->st_size)) {
		*told = not_told;
	} else if (st->st_size > 0) {
		int fd = file_reopen(s, found, O_RDONLY);

		if (fd < 0)
			return fd;
		w->file = fd;
		*told = w->left = (uint64_t)st->st_size;
	}
	return 0;
}

static int put_entry(struct files *s, struct walk *w)
{
	scoped_fd found = path_in(s->root, w->path, O_PATH | O_NOFOLLOW, 0);
	uint32_t length = (uint32_t)strlen(w->path);
	size_t at = s->size;
	uint64_t told = 0;
	struct stat st;
	int err;

	if (found < 0)
		return found;
	if (fstat(found, &st) < 0)
		return -errno;
	if (w->file >= 0)
		close(w->file);
	w->file = -1;
	err = S_ISREG(st.st_mode) ? open_content(s, w, found, &st, &told) : S_ISDIR(st.st_mode) ? push(s, w, found) : 0;
	if (err < 0)
		return err;
	s->size += HEAD;
	file_put(s, &length, sizeof(length));
	file_put(s, w->path, length);
	file_put(s, &told, sizeof(told));
	err = file_put_found(s, found, &st);
	put_head(s, at, ENTRY);
	return err;
}

/* The path of the next entry. 0: there is none. */
static int advance(struct walk *w)
{
	while (w->depth) {
		struct level *top = &w->level[w->depth - 1];
		size_t path = w->depth == 1 ? 0 : top->path;

		w->path[top->path] = 0;
		if (top->at < top->n) {
			const char *name = top->name[top->at++];

			if (path + strlen(name) + 2 > PATH_ROOM)
				return -ENAMETOOLONG;
			if (path)
				w->path[path++] = '/';
			memcpy(w->path + path, name, strlen(name) + 1);
			return 1;
		}
		pop(w);
	}
	return 0;
}

static struct walk **walk_of(struct files *s, const struct field *number)
{
	return number->num < FILE_WALKS ? &s->walk[number->num] : NULL;
}

int file_walk(struct files *s, const struct field *a)
{
	struct walk **place = walk_of(s, &a[FILE_WALK_NUMBER]), *w;

	if (!place || *place)
		return -EBADF;
	w = must_realloc(NULL, sizeof(*w));
	*w = (struct walk){ .most = a[FILE_WALK_MOST].num, .file = -1, .holes = a[FILE_WALK_HOLES].num != 0, .path = "." };
	*place = w;
	return 0;
}

int file_next(struct files *s, const struct field *a)
{
	struct walk **place = walk_of(s, &a[FILE_NEXT_NUMBER]), *w = place ? *place : NULL;
	int more = 1;

	if (!w)
		return -EBADF;
	if (!w->level && !w->failed && (more = put_entry(s, w)) < 0)
		put_failed(s, w, 0, more);
	while (!w->failed && more && FILE_CHUNK - s->size >= (w->left ? LEAST : ENTRY_MAX)) {
		size_t at = s->size;
		int err = w->left ? put_content(s, w) : (more = advance(w)) > 0 ? put_entry(s, w) : more;

		if (err < 0)
			put_failed(s, w, at, err);
	}
	return 0;
}

int file_end_walk(struct files *s, const struct field *a)
{
	struct walk **place = walk_of(s, &a[FILE_END_WALK_NUMBER]), *w = place ? *place : NULL;

	if (!w)
		return -EBADF;
	while (w->depth)
		pop(w);
	if (w->file >= 0)
		close(w->file);
	free(w->level);
	free(w);
	*place = NULL;
	return 0;
}
