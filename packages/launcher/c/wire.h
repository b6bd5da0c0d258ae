/* Frames over the control socket: whole ones in, queued ones out. Never blocks. */
#ifndef CAISSON_WIRE_H
#define CAISSON_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

struct wire {
	int fd;
	unsigned char *in, *out;
	size_t in_len, in_cap;		/* bytes received, not yet consumed */
	size_t in_at;			/* consumed up to here */
	size_t out_len, out_cap, out_at;
	size_t frame;			/* where the frame being written begins */
};

/* Takes what the socket has. 0, -EPIPE at its end, or -errno. */
int wire_receive(struct wire *w);

/* The next whole frame: 1 with its type, body and size (valid until the next wire_receive), 0 none, -EBADMSG. */
int wire_next(struct wire *w, uint32_t *type, const unsigned char **body, size_t *size);

/* Sends as much as the socket takes. 1 if something is left, 0 if not, -errno. */
int wire_flush(struct wire *w);

/* Forgets what one client said and was to be told. */
void wire_reset(struct wire *w);

void reply_begin(struct wire *w, uint32_t type);
void reply_u32(struct wire *w, uint32_t v);
void reply_u64(struct wire *w, uint64_t v);
void reply_bytes(struct wire *w, uint32_t size);	/* then reply_raw of that many */
void reply_raw(struct wire *w, const void *bytes, size_t size);
void reply_end(struct wire *w);

void reply_failed(struct wire *w, uint32_t kind, uint32_t id, const struct failure *f);

/* malloc that does not return without memory: the launcher dies, and its containers with it. */
void *must_realloc(void *old, size_t size);
char *must_copy(const char *text);
/* Where there is no socket to tell a client by: it reads stderr when we have ended. Returns the code. */
int last_words(int code, const char *why);

#endif
