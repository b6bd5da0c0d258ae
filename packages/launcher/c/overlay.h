/* The writable layer, a private tmpfs or a directory of the host's, and overlays or copies of roots in it. */
#ifndef CAISSON_OVERLAY_H
#define CAISSON_OVERLAY_H

#include "setup.h"

int overlay_upper(struct scene *s, const struct step *st);
int overlay_disk_upper(struct scene *s, const struct step *st);
int overlay_mount(struct scene *s, const struct step *st);
int overlay_served(struct scene *s, const struct step *st);
int overlay_copy(struct scene *s, const struct step *st);

#endif
