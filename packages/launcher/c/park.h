/* Making mounts: clones of host trees, devices, new file systems. */
#ifndef CAISSON_PARK_H
#define CAISSON_PARK_H

#include "setup.h"

/* Sets one `key=value` or `key` of a file system being made. */
int park_option(struct failure *f, int fs, const char *option);

/* What steps of a list need that can be made only while the host is in its place. */
int park_maps(struct scene *s, const struct step *steps, size_t n);

int park_bind(struct scene *s, const struct step *st);
int park_expect(struct scene *s, const struct step *st);
int park_device(struct scene *s, const struct step *st);
int park_mount(struct scene *s, const struct step *st);

#endif
