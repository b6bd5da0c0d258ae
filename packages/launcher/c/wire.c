#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol.h"

enum { FRAME_MAX = 64 << 20, CHUNK = 64 << 10, KEEP = 1 << 20 };

void *must_realloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (!p)
		_exit(last_words(112, "no memory (mmap, brk)"));
	return p;
}

int last_words(int code, const char *why)
{
	dprintf(STDERR_FILENO, "%s\n", why);
	return code;
}

char *must_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(must_realloc(NULL, size), text, size);
}

int wire_receive(struct wire *w)
{
	if (w->in_at) {
		memmove(w->in, w->in + w->in_at, w->in_len - w->in_at);
		w->in_len -= w->in_at;
		w->in_at = 0;
	}
	for (;;) {
		ssize_t n;

		if (w->in_cap - w->in_len < CHUNK) {
			w->in_cap = w->in_cap * 2 + CHUNK;
			w->in = must_realloc(w->in, w->in_cap);
		}
		n = recv(w->fd, w->in + w->in_len, w->in_cap - w->in_len, MSG_DONTWAIT);
		if (n == 0)
			return -EPIPE;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		w->in_len += (size_t)n;
		if (w->in_len < w->in_cap)
			return 0;
	}
}

int wire_next(struct wire *w, uint32_t *type, const unsigned char **body, size_t *size)
{
	uint32_t head[2];

	if (w->in_len - w->in_at < sizeof(head))
		goto none;
	memcpy(head, w->in + w->in_at, sizeof(head));
	if (head[0] > FRAME_MAX)
		return -EBADMSG;
	if (w->in_len - w->in_at - sizeof(head) < head[0])
		return 0;
	*type = head[1];
	*body = w->in + w->in_at + sizeof(head);
	*size = head[0];
	w->in_at += sizeof(head) + head[0];
	return 1;
none:
	if (w->in_at == w->in_len && w->in_cap > KEEP) {
		/* one huge frame must not cost memory for ever */
		free(w->in);
		w->in = NULL;
		w->in_len = w->in_cap = w->in_at = 0;
	}
	return 0;
}

int wire_flush(struct wire *w)
{
	while (w->out_at < w->out_len) {
		ssize_t n = send(w->fd, w->out + w->out_at, w->out_len - w->out_at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 1 : -errno;
		w->out_at += (size_t)n;
	}
	w->out_at = w->out_len = 0;
	if (w->out_cap > KEEP) {
		free(w->out);
		w->out = NULL;
		w->out_cap = 0;
	}
	return 0;
}

void wire_reset(struct wire *w)
{
	free(w->in);
	free(w->out);
	*w = (struct wire){ .fd = -1 };
}

void reply_raw(struct wire *w, const void *bytes, size_t size)
{
	if (w->out_cap - w->out_len < size) {
		w->out_cap = (w->out_len + size) * 2 + CHUNK;
		w->out = must_realloc(w->out, w->out_cap);
	}
	if (size)
		memcpy(w->out + w->out_len, bytes, size);
	w->out_len += size;
}

void reply_u32(struct wire *w, uint32_t v)
{
	reply_raw(w, &v, sizeof(v));
}

void reply_u64(struct wire *w, uint64_t v)
{
	reply_raw(w, &v, sizeof(v));
}

void reply_bytes(struct wire *w, uint32_t size)
{
	reply_u32(w, size);
}

static void reply_text(struct wire *w, const char *s)
{
	reply_u32(w, (uint32_t)strlen(s));
	reply_raw(w, s, strlen(s) + 1);
}

void reply_begin(struct wire *w, uint32_t type)
{
	w->frame = w->out_len;
	reply_u32(w, 0);
	reply_u32(w, type);
}

void reply_end(struct wire *w)
{
	uint32_t size = (uint32_t)(w->out_len - w->frame - 2 * sizeof(uint32_t));

	memcpy(w->out + w->frame, &size, sizeof(size));
}

void reply_failed(struct wire *w, uint32_t kind, uint32_t id, const struct failure *f)
{
	reply_begin(w, REPLY_FAILED);
	reply_u32(w, kind);
	reply_u32(w, id);
	reply_u32(w, f->step);
	reply_u32(w, f->op);
	reply_u32(w, (uint32_t)f->err);
	reply_text(w, f->call);
	reply_text(w, f->subject);
	reply_end(w);
}
