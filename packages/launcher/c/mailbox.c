#include "mailbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/sockios.h>

#include "cgroup.h"
#include "orders.h"
#include "sys.h"

enum { PAUSE_MS = 250, STUCK_US = 2000000 };

struct letter {
	struct letter *next;
	size_t n;
	int fds[ORDER_FDS];
	size_t size;
	unsigned char bytes[];
};

static size_t urgent;	/* containers that a SIGKILL is on its way to */

static void discard(struct letter *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->fds[i]);
	free(l);
}

static int keep(struct container *c, const struct iovec *iov, size_t parts, const int *fds, size_t n)
{
	struct letter *l = must_realloc(NULL, sizeof(*l) + sizeof(struct order) + ORDER_INLINE);
	struct letter **end = &c->waiting;

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < parts; i++) {
		if (iov[i].iov_len)
			memcpy(l->bytes + l->size, iov[i].iov_base, iov[i].iov_len);
		l->size += iov[i].iov_len;
	}
	for (; l->n < n; l->n++) {
		l->fds[l->n] = fcntl(fds[l->n], F_DUPFD_CLOEXEC, 3);
		if (l->fds[l->n] < 0) {
			int err = errno;

			discard(l);
			return -err;
		}
	}
	while (*end)
		end = &(*end)->next;
	*end = l;
	return rewatch(&c->init, EPOLLIN | EPOLLOUT);
}

int mailbox_post(struct container *c, struct iovec *iov, size_t parts, const int *fds, size_t n)
{
	int err = c->waiting ? -EAGAIN : orders_sendv(c->init.fd, iov, parts, fds, n, MSG_DONTWAIT);

	return err == -EAGAIN ? keep(c, iov, parts, fds, n) : err;
}

void mailbox_flush(struct container *c)
{
	while (c->waiting) {
		struct letter *l = c->waiting;

		/* any other error is the end of its pid 1, of which the pidfd tells */
		if (orders_send(c->init.fd, l->bytes, l->size, l->fds, l->n, MSG_DONTWAIT) == -EAGAIN)
			return;
		c->waiting = l->next;
		discard(l);
	}
	rewatch(&c->init, EPOLLIN);
}

static void calm(struct container *c)
{
	if (!c->urgent_us)
		return;
	c->urgent_us = 0;
	urgent--;
}

void mailbox_clear(struct container *c)
{
	calm(c);
	while (c->waiting) {
		struct letter *l = c->waiting;

		c->waiting = l->next;
		discard(l);
	}
}

void mailbox_urgent(struct container *c)
{
	if (c->urgent_us)
		return;
	c->urgent_us = now_us();
	urgent++;
}

int mailbox_pause(void)
{
	return urgent ? PAUSE_MS : -1;
}

static void check(struct container *c, uint64_t now)
{
	uint64_t since = c->heard_us > c->urgent_us ? c->heard_us : c->urgent_us;
	int unread = 0;

	if (!c->waiting && (c->init.fd < 0 || ioctl(c->init.fd, SIOCOUTQ, &unread) < 0 || !unread)) {
		calm(c);
	} else if (now - since > STUCK_US) {
		calm(c);
		c->stuck = 1;
		container_kill(c);
	}
}

void mailbox_check(void)
{
	static uint64_t last;
	uint64_t now;

	if (!urgent)
		return;
	now = now_us();
	if (now - last < PAUSE_MS * 1000 / 2)
		return;
	last = now;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct node *n = L.containers.bucket[i]; n; n = n->next) {
			struct container *c = (struct container *)n;

			if (c->urgent_us)
				check(c, now);
		}
	}
}

/* For lists that a datagram cannot hold: two megabytes of argv. */
static int pack(struct failure *f, struct iovec *iov)
{
	int fd = memfd_create("steps", MFD_CLOEXEC);

	if (fd < 0)
		return fail(f, "memfd_create", "steps");
	if (writev(fd, iov, 2) != (ssize_t)(iov[0].iov_len + iov[1].iov_len)) {
		close(fd);
		return fail(f, "writev", "steps");
	}
	return fd;
}

int order_send(struct failure *f, struct container *c, struct order *o, const struct step_list *plan,
	       const struct groups *g, const int theirs[3])
{
	struct iovec iov[] = { { o, sizeof(*o) },
			       { plan ? plan->bytes : NULL, plan ? plan->size : 0 },
			       { (void *)(uintptr_t)g->own->ptr, g->own->len } };
	int fds[ORDER_FDS], err;
	size_t n = 0;

	o->plan_size = iov[1].iov_len;
	o->own_size = iov[2].iov_len;
	o->memfd = o->plan_size + o->own_size > ORDER_INLINE;
	if (o->memfd) {
		fds[0] = pack(f, iov + 1);
		if (fds[0] < 0)
			return fds[0];
		n = 1;
	}
	for (int i = 0; i < 3; i++) {
		if (theirs[i] < 0)
			continue;
		o->streams |= 1U << i;
		fds[n++] = theirs[i];
	}
	o->groups = (uint32_t)g->n;
	for (size_t i = 0; i < g->n; i++)
		fds[n++] = g->fds[i];
	err = mailbox_post(c, iov, o->memfd ? 1 : 3, fds, n);
	if (o->memfd)
		close(fds[0]);
	return err < 0 ? fail_with(f, -err, "sendmsg", "pid 1") : 0;
}
