/* Short-lived children that make one thing and hand it back as a descriptor. */
#ifndef CAISSON_HELPER_H
#define CAISSON_HELPER_H

#include <stdint.h>

#include "failure.h"

/* Runs in the child; returns a descriptor or -errno, noted. */
typedef int helper_fn(struct failure *f, const void *arg);

/* Runs `make` in a child with these new namespaces; returns its descriptor or -errno, noted. */
int helper_fd(struct failure *f, uint64_t flags, helper_fn *make, const void *arg);

#endif
