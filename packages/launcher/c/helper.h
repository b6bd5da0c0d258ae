/* Short-lived children that make one thing and hand it back as a descriptor. */
#ifndef CAISSON_HELPER_H
#define CAISSON_HELPER_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

/* Runs in the child; puts descriptors in fds and returns how many, or -errno, noted. */
typedef int helper_fn(struct failure *f, const void *arg, int *fds);

/* Runs `make` in a child with these new namespaces, for exactly n descriptors (1 or 2). 0 or -errno, noted. */
int helper_fds(struct failure *f, uint64_t flags, helper_fn *make, const void *arg, int *fds, size_t n);

#endif
