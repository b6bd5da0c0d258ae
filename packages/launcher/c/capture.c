#include "capture.h"

#include <stdlib.h>
#include <string.h>

#include "wire.h"

void capture_init(struct capture *c, uint64_t limit)
{
	size_t max = limit > SIZE_MAX / 4 ? SIZE_MAX / 4 : (size_t)limit;

	memset(c, 0, sizeof(*c));
	c->head_max = max - max / 2;
	c->tail_max = max / 2;
}

static size_t fill_head(struct capture *c, const unsigned char *bytes, size_t n)
{
	size_t room = c->head_max - c->head_len;

	n = n < room ? n : room;
	if (!n)
		return 0;
	if (c->head_cap - c->head_len < n) {
		c->head_cap = (c->head_len + n) * 2;
		c->head_cap = c->head_cap < c->head_max ? c->head_cap : c->head_max;
		c->head = must_realloc(c->head, c->head_cap);
	}
	memcpy(c->head + c->head_len, bytes, n);
	c->head_len += n;
	return n;
}

void capture_add(struct capture *c, const unsigned char *bytes, size_t n)
{
	size_t used = fill_head(c, bytes, n);

	c->total += n;
	bytes += used;
	n -= used;
	if (!n || !c->tail_max)
		return;
	if (!c->tail)
		c->tail = must_realloc(NULL, c->tail_max);
	if (n > c->tail_max) {
		bytes += n - c->tail_max;
		n = c->tail_max;
	}
	for (size_t done = 0; done < n;) {
		size_t run = c->tail_max - c->tail_at;

		run = run < n - done ? run : n - done;
		memcpy(c->tail + c->tail_at, bytes + done, run);
		c->tail_at = (c->tail_at + run) % c->tail_max;
		done += run;
	}
	c->tail_len = c->tail_len + n < c->tail_max ? c->tail_len + n : c->tail_max;
}

size_t capture_size(const struct capture *c)
{
	return c->head_len + c->tail_len;
}

void capture_read(const struct capture *c, void (*put)(void *to, const void *bytes, size_t n), void *to)
{
	put(to, c->head, c->head_len);
	if (c->tail_len < c->tail_max) {
		put(to, c->tail, c->tail_len);
	} else {
		put(to, c->tail + c->tail_at, c->tail_max - c->tail_at);
		put(to, c->tail, c->tail_at);
	}
}

void capture_free(struct capture *c)
{
	free(c->head);
	free(c->tail);
	memset(c, 0, sizeof(*c));
}
