#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "protocol.h"
#include "scoped.h"
#include "sys.h"

struct words {
	uint32_t size, type;
	uint64_t nonce;
};

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/*
 * How many pid namespaces deep a process is, as /proc sees it; 0 when it is dead or not to be seen. Of a descriptor, so
 * that it is the very process. A namespace's own link would need ptrace(2), which a user namespace has not over its parent.
 */
static int depth(int pidfd)
{
	char path[64], text[1024], *at;
	scoped_fd fd = -1;
	ssize_t n;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = 0;
	at = strstr(text, "\nNSpid:\t");
	if (!at)
		return 0;
	for (at += strlen("\nNSpid:"); *at == '\t'; count++)
		if (strtol(at + 1, &at, 10) <= 0)
			return 0;
	return count;
}

static int is_near(int pidfd)
{
	scoped_fd self = pidfd_of(getpid());
	int ours = self < 0 ? 0 : depth(self);

	/* who has a number here is in our namespace or in one below it */
	return ours > 0 && depth(pidfd) == ours;
}

int peer_ask(struct peer *p, int socket)
{
	struct ucred c;
	socklen_t size = sizeof(c);
	struct words ask = { .size = sizeof(ask.nonce), .type = REPLY_WHO };
	scoped_fd fd = -1;
	int on = 1;

	/* root of elsewhere has no number here */
	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &c, &size) < 0 || c.uid != getuid() || c.pid <= 0)
		return -EPERM;
	fd = pidfd_of(c.pid);
	if (fd < 0 || !is_near(fd))
		return -EPERM;
	/* before the question: what was sent earlier has no sender */
	if (setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    getrandom(&ask.nonce, sizeof(ask.nonce), 0) != sizeof(ask.nonce) ||
	    send(socket, &ask, sizeof(ask), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(ask))
		return -EPERM;
	p->pid = c.pid;
	p->nonce = ask.nonce;
	p->since_us = now_us();
	p->fd = steal_fd(&fd);
	return 0;
}

/*
 * The number of who connected may have become another's while the connection waited, so that we looked at the wrong one.
 * Not if it can say now what only this socket was told: from before the question until after the answer the
 * number was that of the process that we hold, and it is the sender's.
 */
static int is_sender(const struct peer *p, struct msghdr *m)
{
	struct pollfd dead = { .fd = p->fd, .events = POLLIN };
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct ucred sender;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS || c->cmsg_len < CMSG_LEN(sizeof(sender)))
		return 0;
	memcpy(&sender, CMSG_DATA(c), sizeof(sender));
	return sender.pid == p->pid && sender.uid == getuid() && poll(&dead, 1, 0) == 0;
}

int peer_answered(struct peer *p, int socket)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))]; /* no room for descriptors: the kernel drops them */
	} control;
	struct words said = { 0 };
	struct iovec one = { &said, sizeof(said) };
	struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != sizeof(said) || said.size != sizeof(said.nonce) || said.type != REQ_HERE || said.nonce != p->nonce)
		return -EPERM;
	return is_sender(p, &m) ? 1 : -EPERM;
}
