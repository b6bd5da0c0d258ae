/*
 * Roots that are copies of their lowers, for where nothing lies over them copy-on-write. Beside such a copy there is the
 * file COPIED_MARK: what has changed since that was made is the container's doing. Its owner is the root's, its mtime what
 * copied_clock said; in it are the directories of the copy, as of copy_list.
 */
#ifndef CAISSON_COPIED_ROOT_H
#define CAISSON_COPIED_ROOT_H

#include <time.h>

#include "setup.h"

#define COPIED_MARK "copied"

/* Fills <index>/upper of the upper, and marks it. 0 or -errno, noted. */
int copied_fill(struct scene *s, const struct step *st, uint32_t index);

/* What the clock was ahead of the time since boot, which nobody sets: less than before when it was set back. */
void copied_clock(struct timespec *offset);

#endif
