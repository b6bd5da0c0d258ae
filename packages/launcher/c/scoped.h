/* Descriptors that close themselves at the end of their scope. */
#ifndef CAISSON_SCOPED_H
#define CAISSON_SCOPED_H

#include <unistd.h>

static inline void scoped_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define scoped_fd __attribute__((cleanup(scoped_close))) int

static inline int steal_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

#endif
