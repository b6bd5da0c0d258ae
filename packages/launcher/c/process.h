/* Process steps: from a fresh child to the command. Start and exec share this one path. */
#ifndef CAISSON_PROCESS_H
#define CAISSON_PROCESS_H

#include <sys/types.h>

#include "failure.h"
#include "steps.h"

struct process {
	const struct step_list *plan;	/* or NULL */
	const struct step_list *own;	/* this start's own: rlimits, then exec */
	int in, out, err;		/* -1: /dev/null */
	int proc;			/* procfs to read the tag from; -1: no tag wanted */
	uint64_t tag;			/* out: see tree.h */
	const int *groups;		/* descriptors that the steps name: join.h */
	int grouped;			/* it leaves the cgroup namespace of the host */
	int terminal;			/* in, out and err are one, to be controlled and owned */
	int sock;			/* stays open until execve; -1: none */
	struct failure failure;		/* filled in when it did not come to exec */
};

/*
 * Makes a child that becomes the command; returns its pid once execve has happened, or -errno with the failure noted.
 * The child borrows our memory until then (CLONE_VM | CLONE_VFORK): we stand still meanwhile.
 */
pid_t process_start(struct process *p);

/* The same in the caller itself, which keeps nothing but `sock`, under another number. Returns only on failure, noted. */
void process_become(struct process *p);

#endif
