/* Making mounts: clones of host trees, devices, new file systems. */
#ifndef CAISSON_PARK_H
#define CAISSON_PARK_H

#include "setup.h"

/* What `idmap` of a bind says besides 0 and 1. */
enum { IDMAP_UPPER = 2 };

/* Notes that the file system being made was refused, in the kernel's own words where it has some. Returns -err. */
int park_refused(struct failure *f, int fs, int err, const char *what);

/* Sets one `key=value` or `key` of a file system being made. */
int park_option(struct failure *f, int fs, const char *option);

/* What steps of a list need that can be made only while the host is in its place. */
int park_maps(struct scene *s, const struct step *steps, size_t n);

/* Binds, devices, file systems. */
int park_step(struct scene *s, const struct step *st);

#endif
