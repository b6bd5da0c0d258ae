/* Work that takes time is done by a child of the launcher, which the client sees as a command. */
#ifndef CAISSON_WORKER_H
#define CAISSON_WORKER_H

#include "decode.h"

struct container;

/* Never returns: ends with an errno as exit code. `out` is the command's stdout. */
typedef void worker_fn(pid_t parent, const struct container *c, const struct field *a, int out);

/* Runs it for a kept container with an upper, or for none (NONE), as a command numbered exec whose stdout is streamed. */
void worker_run(uint32_t container, uint32_t exec, const char *name, worker_fn *work, const struct field *a);

/* A host directory with the ids of containers, as an upper has them. -1 and errno. */
int upper_target(const char *path);

#endif
