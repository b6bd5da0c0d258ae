/* Template and container steps: they build the tree of mounts that a container sees. */
#ifndef CAISSON_SETUP_H
#define CAISSON_SETUP_H

#include <sys/types.h>

#include "decode.h"
#include "failure.h"

/* Where a list of steps works. Descriptors are -1 where there is none. */
struct scene {
	struct failure *f;
	int base;	/* paths are resolved in here: the template's tmpfs, or the container's root */
	int staging;	/* the template's tmpfs, where things are parked */
	int userns;	/* the containers' user namespace, for idmapped mounts */
	int upper_userns;	/* the same and the launcher itself, for those that overlays write to */
	int proc;	/* procfs of the container, detached until its step */
	int upper;	/* where the container's writes go */
	const char *upper_at;	/* its path in the template */
	uid_t upper_uid;
	gid_t upper_gid;
	struct owned *owned;	/* by step of the list: park.c */
	int sock;	/* to the launcher, of a pid 1 */
	int own_net;	/* the template builder has left the host's network namespace */
};

/* Directories of the template's tmpfs that the launcher makes itself. */
#define ROOT_DIR ".root"
#define UPPER_DIR ".upper"

/* Makes the procfs of the current pid namespace, detached. */
int setup_proc(struct failure *f);

/* A tmpfs with these options, detached. */
int setup_tmpfs(struct failure *f, const char *const *options, uint32_t attrs);

/* Runs one step that is not a process step. 0 or -errno, noted but for step and op. */
int setup_step(struct scene *s, const struct step *st);

/* Runs those of the steps that belong to the context. */
int setup_steps(struct scene *s, const struct step *steps, size_t n, enum context context);

#endif
