/* Files of the host's own /proc, which are written whole or not at all. Never for a path of a container. */
#ifndef CAISSON_KERNEL_FILE_H
#define CAISSON_KERNEL_FILE_H

#include <fcntl.h>
#include <string.h>

#include "failure.h"
#include "scoped.h"

static inline int kernel_write(struct failure *f, const char *path, const char *value)
{
	scoped_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(f, "open", path);
	return write(fd, value, strlen(value)) < 0 ? fail(f, "write", path) : 0;
}

#endif
