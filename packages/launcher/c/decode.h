/* The decoder: bytes in, checked fields out. Pure: no system call, no allocation, no global. */
#ifndef CAISSON_DECODE_H
#define CAISSON_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "protocol.h"
#include "step-table.h"

#define FIELDS_MAX (REQUEST_FIELDS_MAX > STEP_FIELDS_MAX ? REQUEST_FIELDS_MAX : STEP_FIELDS_MAX)

/* A decoded field; which members count is the table's affair. It points into the bytes it came from. */
struct field {
	uint64_t num;		/* i, l; of v: how many */
	const unsigned char *ptr;	/* s: ends in NUL; b; v: the first string's length */
	uint32_t len;		/* s, b: without the NUL; v: all its bytes */
};

enum context { IN_TEMPLATE = 1, IN_CONTAINER = 2, IN_PROCESS = 4 };

struct step {
	uint32_t op;
	uint32_t context; /* bits of enum context */
	struct field f[STEP_FIELDS_MAX];
};

static inline const char *text(const struct field *f)
{
	return (const char *)f->ptr;
}

/* Next string of a list: call `f->num` times with *at = 0 at first. */
const char *next_text(const struct field *f, size_t *at);

/* Fields of the kinds given by letters; the whole of the bytes must be used up. 0 or -EBADMSG. */
int decode_fields(const char *kinds, const unsigned char *bytes, size_t size, struct field *out);

/* One request's fields. 0, -ENOSYS for an unknown type, or -EBADMSG. */
int decode_request(uint32_t type, const unsigned char *bytes, size_t size, struct field *out);

/* The same for a request of the file server. */
int decode_file(uint32_t type, const unsigned char *bytes, size_t size, struct field *out);

/*
 * A list of steps that may all run in one of `contexts`. Returns how many, -EBADMSG, -ENOSYS (unknown step), -EPERM
 * (a step of another context) or -E2BIG (more than max). *bad is the place where it went wrong.
 */
int decode_steps(const unsigned char *bytes, size_t size, uint32_t contexts, struct step *out,
		 size_t max, uint32_t *bad);

#endif
