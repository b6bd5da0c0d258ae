#include "failure.h"

#include <errno.h>
#include <stddef.h>

static void copy(char *to, size_t size, const char *from)
{
	size_t i = 0;

	for (; from[i] && i + 1 < size; i++)
		to[i] = from[i];
	to[i] = 0;
}

int fail_with(struct failure *f, int err, const char *call, const char *subject)
{
	f->err = err;
	copy(f->call, sizeof(f->call), call);
	copy(f->subject, sizeof(f->subject), subject);
	return -err;
}

int fail(struct failure *f, const char *call, const char *subject)
{
	return fail_with(f, errno ? errno : EIO, call, subject);
}
