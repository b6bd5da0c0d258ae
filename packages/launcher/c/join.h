/*
 * Groups as pid 1 gets them: descriptors that the launcher opened by its own rights, as many as the steps of the order
 * name, in their order. Of a `cgroup` step its tasks files, of a `group` step the directory, if it names one, then those.
 */
#ifndef CAISSON_JOIN_H
#define CAISSON_JOIN_H

#include <sys/types.h>

#include "failure.h"
#include "steps.h"

/* How many descriptors these steps take. */
size_t join_count(const struct step_list *own);

/*
 * The caller joins the cgroup v1 groups of the steps of this kind. 0 or -errno, noted. A thread that writes "0" moves
 * itself alone and waits for nobody; by cgroup.procs it would wait for all processors (an RCU grace period).
 */
int join_tasks(struct failure *f, const struct step_list *own, const int *groups, enum step_op op);

/* The directory that a command is cloned into, or -1. */
int join_directory(const struct step_list *own, const int *groups);

/*
 * clone(fn, CLONE_VM | CLONE_VFORK) into a cgroup v2 directory. The pid or -1 and errno. The kernel asks whether the
 * caller may write cgroup.procs of it and of what it has in common with the caller's own.
 */
pid_t join_clone(int directory, int (*fn)(void *), void *arg, void *stack, size_t size);

#endif
