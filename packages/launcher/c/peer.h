/*
 * Who is at the other end of a client's socket. The modes of files keep other users away; what runs in a container may have
 * our user, and see our directory. It is in another pid namespace, always: that is what is asked for.
 */
#ifndef CAISSON_PEER_H
#define CAISSON_PEER_H

#include <stdint.h>
#include <sys/types.h>

struct peer {
	pid_t pid;
	int fd;		/* pidfd */
	uint64_t nonce, since_us;
};

/* Looks at who connected and asks it to say a number back. 0, or -errno: it is none of ours. */
int peer_ask(struct peer *p, int socket);
/* 1: it said it, 0: not yet, -errno: it is none of ours. */
int peer_answered(struct peer *p, int socket);

#endif
