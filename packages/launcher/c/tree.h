/*
 * The processes that one command of a kept container started, however they forked away from it. Each command gets a
 * cgroup namespace of its own; what it starts inherits it and, without CAP_SYS_ADMIN, cannot leave it, so the namespace's
 * inode marks them all. (A process group or session can be left, and the parent of an orphan is forgotten.)
 */
#ifndef CAISSON_TREE_H
#define CAISSON_TREE_H

#include <stdint.h>

/* Marks the caller; 0 where that cannot be done. `proc` is a procfs of our pid namespace. */
uint64_t tree_tag(int proc);

/* Kills everything that bears the mark, until nothing does. -1: something would not die within a second. */
int tree_kill(int proc, uint64_t tag);

#endif
