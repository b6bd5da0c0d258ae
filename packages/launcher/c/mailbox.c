#include "mailbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include "orders.h"
#include "sys.h"

enum { PAUSE_MS = 250, STUCK_US = 2000000 };

struct letter {
	struct letter *next;
	struct order order;
	size_t n;
	int fds[ORDER_FDS];
};

static size_t urgent;	/* containers that a SIGKILL is on its way to */

static void discard(struct letter *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->fds[i]);
	free(l);
}

static int keep(struct container *c, const struct order *o, const int *fds, size_t n)
{
	struct letter *l = must_realloc(NULL, sizeof(*l));
	struct letter **end = &c->waiting;

	memset(l, 0, sizeof(*l));
	l->order = *o;
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

int mailbox_post(struct container *c, const struct order *o, const int *fds, size_t n)
{
	int err = c->waiting ? -EAGAIN : orders_send(c->init.fd, o, sizeof(*o), fds, n, MSG_DONTWAIT);

	return err == -EAGAIN ? keep(c, o, fds, n) : err;
}

void mailbox_flush(struct container *c)
{
	while (c->waiting) {
		struct letter *l = c->waiting;

		/* any other error is the end of its pid 1, of which the pidfd tells */
		if (orders_send(c->init.fd, &l->order, sizeof(l->order), l->fds, l->n, MSG_DONTWAIT) == -EAGAIN)
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
		sys_pidfd_send_signal(c->death.fd, SIGKILL);
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
