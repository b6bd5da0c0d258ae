/* Orders for a pid 1. It stands still while a command becomes its program, and orders wait meanwhile. */
#ifndef CAISSON_MAILBOX_H
#define CAISSON_MAILBOX_H

#include "init.h"
#include "launcher.h"

/* Sends it, or keeps it with copies of the descriptors until there is room. 0 or -errno. Never blocks. */
struct iovec;
struct groups;
int mailbox_post(struct container *c, struct iovec *iov, size_t parts, const int *fds, size_t n);

/* The same for one with steps and streams, which it fills in. 0 or -errno, noted. */
int order_send(struct failure *f, struct container *c, struct order *o, const struct step_list *plan,
	       const struct groups *g, const int theirs[3]);

/* There is room: sends what waits. */
void mailbox_flush(struct container *c);

/* The container is dead: forgets what waits. */
void mailbox_clear(struct container *c);

/*
 * A SIGKILL is on its way. Who stops a command between clone and exec stops its pid 1, too, and root of a container can:
 * a pid 1 that neither reads nor says anything for two seconds is killed with its container, or no time limit would
 * hold. Until `mailbox_check` has seen the order read, the loop has to call it about every `mailbox_pause` milliseconds.
 */
void mailbox_urgent(struct container *c);
int mailbox_pause(void);
void mailbox_check(void);

#endif
