/* What a container wrote to a copy of its lowers, as an overlay would have written it: for snapshots. */
#ifndef CAISSON_DELTA_H
#define CAISSON_DELTA_H

#include "whole.h"

/* Fills the empty directory `to` with what is different in the copy `w`, that is open, with root and lowers. 0 or -errno. */
int delta_copy(struct whole *w, int to);

#endif
