/* What the kernel counts by user: a share of it for containers, so that the user keeps the rest. */
#ifndef CAISSON_SHARE_H
#define CAISSON_SHARE_H

#include "failure.h"

/* Before a user namespace of our own is entered. All of these: 0 or -errno, noted. */
int share_measure(struct failure *f);
/* In it, as its root. */
int share_limit(struct failure *f);
/* Of who is about to enter a namespace: what all in it together may have. */
int share_processes(struct failure *f);

#endif
