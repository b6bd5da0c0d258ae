#include "orders.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr head;
	char space[CMSG_SPACE(ORDER_FDS * sizeof(int))];
};

int orders_send(int sock, const void *data, size_t size, const int *fds, size_t n, int flags)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };

	return orders_sendv(sock, &iov, 1, fds, n, flags);
}

int orders_sendv(int sock, struct iovec *iov, size_t parts, const int *fds, size_t n, int flags)
{
	struct msghdr msg = { .msg_iov = iov };
	union control c;

	if (n > ORDER_FDS)
		return -EINVAL;
	msg.msg_iovlen = (__typeof__(msg.msg_iovlen))parts; /* musl and glibc disagree on its type */
	if (n) {
		memset(&c, 0, sizeof(c));
		msg.msg_control = &c;
		msg.msg_controllen = (socklen_t)CMSG_SPACE(n * sizeof(int));
		c.head.cmsg_level = SOL_SOCKET;
		c.head.cmsg_type = SCM_RIGHTS;
		c.head.cmsg_len = (socklen_t)CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&c.head), fds, n * sizeof(int));
	}
	while (sendmsg(sock, &msg, flags | MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

ssize_t orders_receive(int sock, void *data, size_t size, int *fds, size_t max)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	union control c;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	ssize_t got;

	/* ECONNRESET: the other end died with something of ours unread; what it said before is still to be had */
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0)
		return -errno;
	/* one header at most: only descriptors are ever sent along */
	if (msg.msg_controllen >= sizeof(c.head) && c.head.cmsg_level == SOL_SOCKET && c.head.cmsg_type == SCM_RIGHTS) {
		size_t n = (c.head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd;

		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(&c.head) + i * sizeof(int), sizeof(int));
			if (i < max)
				fds[i] = fd;
			else
				close(fd);
		}
	}
	return got;
}
