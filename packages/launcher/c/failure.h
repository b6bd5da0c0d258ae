/*
 * How errors travel. A function that can fail returns 0 (or a descriptor) or -errno. The place where a system call
 * failed notes call, subject and errno once, by fail(); everybody above only passes the value on. Whoever runs a list
 * of steps adds which step it was, and the note goes to the client as one `failed` frame.
 */
#ifndef CAISSON_FAILURE_H
#define CAISSON_FAILURE_H

#include <stdint.h>

#define NONE UINT32_MAX

struct failure {
	uint32_t step; /* place in its list, or NONE */
	uint32_t op;
	int32_t err;
	char call[20];
	char subject[256];
};

/* Notes errno and returns -errno. */
int fail(struct failure *f, const char *call, const char *subject);

/* Same with an errno of our own choosing. */
int fail_with(struct failure *f, int err, const char *call, const char *subject);

#endif
