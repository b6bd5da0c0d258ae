/* Landlock: what a command may reach is said by places, not by paths that somebody may change. */
#ifndef CAISSON_LANDLOCK_H
#define CAISSON_LANDLOCK_H

#include "decode.h"
#include "failure.h"

/* The kernel's version of it; 0: it has none, or it is switched off. */
int landlock_version(void);

/* Leaves this process, of all files, only those of a tree, to do anything with but to execute. 0 or -errno. */
int landlock_confine(int tree);

/* Restricts this process for good. 0 or -errno, noted. */
int landlock_restrict(struct failure *f, const struct step *st);

#endif
