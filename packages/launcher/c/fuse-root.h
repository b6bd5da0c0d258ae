/*
 * Roots that a program of the host serves, fuse-overlayfs, for where the kernel lays nothing over them. Pid 1 makes the mount
 * and waits on it; the program is the launcher's child, in the host's pid namespace, so that nothing in the container sees or
 * limits it. Beside such an upper there is the directory SERVED_MARK.
 */
#ifndef CAISSON_FUSE_ROOT_H
#define CAISSON_FUSE_ROOT_H

#include "setup.h"

#define SERVED_MARK "served"

struct container;
struct source;
struct report;

/* Pid 1's part: a detached mount that is served, or -errno, noted. */
int fuse_root_make(struct scene *s, const struct step *st);

/* The launcher's: starts the program for the step that a pid 1 reports. Takes fds[0], the connection, and fds[1], its mounts. */
void server_start(struct container *c, const struct report *r, int fds[2]);

/* The one that was started last for it has given its first answer. */
void server_answered(struct container *c);

/* One has ended, or given no answer in its time. Its container cannot go on. */
void server_event(struct source *s);

/* Whether one of them has let go of its connection. */
int servers_dying(const struct container *c);

/* Frees those that died in this round. */
void servers_bury(void);

/* Ends those of a container. */
void servers_end(struct container *c);

/* Whether the directory <name> of an upper is that of a root which is served. */
int is_served(int upper, const char *name);

#endif
