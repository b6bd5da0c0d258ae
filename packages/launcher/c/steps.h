/* A decoded list of steps with the bytes it points into. */
#ifndef CAISSON_STEPS_H
#define CAISSON_STEPS_H

#include "decode.h"
#include "failure.h"

struct step_list {
	unsigned char *bytes;
	size_t size;
	struct step *step;
	size_t n;
};

/* Decodes where the bytes lie; the list is the callee's, until the next call of either. 0 or -errno, noted. */
int steps_look(struct failure *f, struct step_list *l, const unsigned char *bytes, size_t size, uint32_t contexts);

/* Copies and decodes. 0 or -errno, noted. The list is empty and free on failure. */
int steps_take(struct failure *f, struct step_list *l, const unsigned char *bytes, size_t size,
	       uint32_t contexts);

void steps_free(struct step_list *l);

/* The first step of that kind, or NULL; a NULL list has none. */
const struct step *steps_find(const struct step_list *l, enum step_op op);

#endif
