/* Control groups of the host, as the launcher handles them: by its own rights, before an order is sent. */
#ifndef CAISSON_CGROUP_H
#define CAISSON_CGROUP_H

#include "decode.h"
#include "failure.h"
#include "orders.h"

/* What the steps of an order say about groups. Texts point into the order. */
struct groups {
	const struct field *own;	/* the steps */
	const char *born, *ahead;	/* directories for this pid 1 and the next; empty: none */
	struct field owned;
	int fds[ORDER_GROUPS];		/* for pid 1: join.h */
	size_t n;
};

/* Opens what they name. 0 or -errno, noted. Steps that cannot be decoded name nothing: pid 1 will say so. */
int groups_open(struct failure *f, struct groups *g, const struct field *own);
void groups_close(struct groups *g);

/* A directory to be born in; -1: -errno, noted. */
int group_directory(struct failure *f, const char *path);

/* Removes the group and those below it, as soon as nobody is in them; tries for a second. */
void group_remove(const char *path);

#endif
