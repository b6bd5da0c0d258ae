#include "log.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "launcher.h"

enum { NAME = 64 };

static void name_of(char name[NAME], uint32_t exec, int stream, uint64_t at)
{
	snprintf(name, NAME, "%u.%s.%llu", exec, stream == 1 ? "out" : "err", (unsigned long long)at);
}

static int make(const char *name)
{
	return openat(L.logs, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Offsets count from the stream's first byte for ever, so that a reader finds its place whatever is gone before it. */
static void open_segment(struct log *g, uint32_t exec, int stream)
{
	char name[NAME];

	log_close(g);
	name_of(name, exec, stream, g->end);
	g->fd = make(name);
	if (g->end >= 2 * L.segment) {
		name_of(name, exec, stream, g->end - 2 * L.segment);
		unlinkat(L.logs, name, 0);
	}
	g->start = g->end;
}

void log_open(struct log *g, uint32_t exec, int stream)
{
	if (L.logs >= 0 && g->fd < 0 && !g->end)
		open_segment(g, exec, stream);
}

void log_add(struct log *g, uint32_t exec, int stream, const unsigned char *bytes, size_t n)
{
	while (L.logs >= 0 && n) {
		uint64_t room;
		size_t part;

		if (g->end - g->start == L.segment)
			open_segment(g, exec, stream);
		room = L.segment - (g->end - g->start);
		part = n < room ? n : (size_t)room;
		/* in its place: what could not be written leaves a hole, and what follows it stays where it belongs */
		if (g->fd >= 0 && pwrite(g->fd, bytes, part, (off_t)(g->end - g->start)) < 0)
			log_close(g);
		g->end += part;
		bytes += part;
		n -= part;
	}
}

void log_close(struct log *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

void log_ended(uint32_t exec, const struct log *out, const struct log *err)
{
	char name[NAME];
	int fd;

	if (L.logs < 0)
		return;
	snprintf(name, sizeof(name), "%u.end", exec);
	fd = make(name);
	if (fd < 0)
		return;
	dprintf(fd, "%llu %llu\n", (unsigned long long)out->end, (unsigned long long)err->end);
	close(fd);
}

void log_remove(uint32_t exec, const struct log *out, const struct log *err)
{
	char name[NAME];

	for (int i = 1; i < 3 && L.logs >= 0; i++) {
		uint64_t start = i == 1 ? out->start : err->start;

		name_of(name, exec, i, start);
		unlinkat(L.logs, name, 0);
		name_of(name, exec, i, start - L.segment);
		unlinkat(L.logs, name, 0);
	}
	snprintf(name, sizeof(name), "%u.end", exec);
	if (L.logs >= 0)
		unlinkat(L.logs, name, 0);
}
