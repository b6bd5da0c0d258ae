#include "steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

enum { STEPS_MAX = 4096 };

int steps_look(struct failure *f, struct step_list *l, const unsigned char *bytes, size_t size, uint32_t contexts)
{
	static struct step decoded[STEPS_MAX];
	uint32_t bad = 0;
	int n = decode_steps(bytes, size, contexts, decoded, STEPS_MAX, &bad);

	*l = (struct step_list){ .step = decoded, .n = n < 0 ? 0 : (size_t)n };
	if (n >= 0)
		return 0;
	f->step = bad;
	f->op = 0;
	return fail_with(f, -n, "decode", "steps");
}

int steps_take(struct failure *f, struct step_list *l, const unsigned char *bytes, size_t size,
	       uint32_t contexts)
{
	struct step_list seen;

	memset(l, 0, sizeof(*l));
	if (size == 0)
		return 0;
	l->size = size;
	l->bytes = must_realloc(NULL, size);
	memcpy(l->bytes, bytes, size);
	if (steps_look(f, &seen, l->bytes, size, contexts) < 0) {
		steps_free(l);
		return -f->err;
	}
	l->n = seen.n;
	l->step = must_realloc(NULL, l->n * sizeof(*l->step) + 1);
	memcpy(l->step, seen.step, l->n * sizeof(*l->step));
	return 0;
}

void steps_free(struct step_list *l)
{
	free(l->step);
	free(l->bytes);
	memset(l, 0, sizeof(*l));
}

const struct step *steps_find(const struct step_list *l, enum step_op op)
{
	for (size_t i = 0; l && i < l->n; i++)
		if (l->step[i].op == op)
			return &l->step[i];
	return NULL;
}
