/* What a child of the launcher does not need of the launcher's descriptors. */
#ifndef CAISSON_DESCRIPTORS_H
#define CAISSON_DESCRIPTORS_H

#include <stddef.h>

/* Closes every descriptor from 3 on but those listed, of which -1 are none. */
void keep_only(const int *keep, size_t n);

#endif
