/* Terminals of the container's own devpts. */
#ifndef CAISSON_TERMINAL_H
#define CAISSON_TERMINAL_H

#include <stdint.h>

#include "failure.h"

/*
 * In pid 1, whose root is the container's: opens a new terminal of that size. Returns its master, and in *peer its other
 * end, or -errno, noted. `proc` is a procfs of our pid namespace that is no path inside the container.
 */
int terminal_open(struct failure *f, int proc, uint32_t cols, uint32_t rows, int *peer);

/* On either end; SIGWINCH goes to the foreground group when it changes. 0 or -errno. */
int terminal_resize(int fd, uint32_t cols, uint32_t rows);

#endif
