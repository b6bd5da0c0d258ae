/* The file server: a worker that lives inside a container's root and does what is asked of it, one request at a time. */
#ifndef CAISSON_FILES_H
#define CAISSON_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "decode.h"

enum { FILE_SLOTS = 256, FILE_CHUNK = 256 << 10 };

struct files {
	int root;
	int fds;		/* /proc/self/fd: the way from what was found to what is opened, with no path between */
	int notify;		/* inotify, or -1 */
	int slot[FILE_SLOTS];	/* numbered by the client; -1: free */
	size_t size;		/* of the answer */
	unsigned char answer[FILE_CHUNK];
};

/* One request, its fields checked. 0 with the answer filled in, or -errno. */
int files_do(struct files *s, uint32_t type, const struct field *a);

/* Removes a directory with all in it, but for what lies on other mounts. Follows no link. 0 or -errno. */
int tree_remove(int dir, const char *name);

#endif
