/* User namespaces as things: made by a child that is mapped from outside and goes. */
#ifndef CAISSON_USER_NAMESPACE_H
#define CAISSON_USER_NAMESPACE_H

#include <stdint.h>

#include "failure.h"

struct id_range {
	uint32_t inside, outside, count;
};

struct id_maps {
	struct id_range uids, gids;
};

/* Maps as text, in our ids. setgroups 0: the kernel lets nobody map groups but who has denied that. A descriptor or -errno, noted. */
int user_namespace_by(struct failure *f, const char *uid_map, const char *gid_map, int setgroups);
int user_namespace(struct failure *f, const struct id_maps *maps, int setgroups);

#endif
