/* Datagrams with descriptors between the launcher and its children. */
#ifndef CAISSON_ORDERS_H
#define CAISSON_ORDERS_H

#include <stddef.h>
#include <sys/types.h>

/* Steps in a memfd, three streams, and groups. */
enum { ORDER_GROUPS = 28, ORDER_FDS = 4 + ORDER_GROUPS };

/* 0 or -errno; flags as for sendmsg. */
int orders_send(int sock, const void *data, size_t size, const int *fds, size_t n, int flags);

/* The same, gathered from several places. */
struct iovec;
int orders_sendv(int sock, struct iovec *iov, size_t parts, const int *fds, size_t n, int flags);

/* Bytes received, 0 at the end, or -errno. Descriptors that come along are put in fds, close-on-exec. */
ssize_t orders_receive(int sock, void *data, size_t size, int *fds, size_t max);

#endif
