#include "parcel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "join.h"
#include "orders.h"

static void unpack(struct parcel *p, const unsigned char *bytes, uint32_t contexts)
{
	struct step_list *l = &p->own;

	if (steps_take(&p->f, &p->plan, bytes, (size_t)p->o.plan_size, IN_PROCESS) == 0)
		steps_take(&p->f, l, bytes + p->o.plan_size, (size_t)p->o.own_size, contexts);
}

static void unpack_memfd(struct parcel *p, int memfd, uint32_t contexts)
{
	size_t size = (size_t)(p->o.plan_size + p->o.own_size);
	unsigned char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, memfd, 0);

	if (bytes == MAP_FAILED) {
		fail(&p->f, "mmap", "steps");
		return;
	}
	unpack(p, bytes, contexts);
	munmap(bytes, size);
}

void parcel_receive(int sock, struct parcel *p)
{
	static unsigned char buf[sizeof(struct order) + ORDER_INLINE];
	int fds[ORDER_FDS];
	uint32_t contexts;
	size_t next = 0;
	ssize_t n;

	for (int i = 0; i < ORDER_FDS; i++)
		fds[i] = -1;
	n = orders_receive(sock, buf, sizeof(buf), fds, ORDER_FDS);
	if (n < (ssize_t)sizeof(p->o))
		_exit(0); /* the launcher is gone, and with us goes everything in here */
	memset(p, 0, sizeof(*p));
	memcpy(&p->o, buf, sizeof(p->o));
	contexts = p->o.type == ORDER_START ? IN_CONTAINER | IN_PROCESS : IN_PROCESS;
	if (p->o.memfd)
		unpack_memfd(p, fds[next++], contexts);
	else
		unpack(p, buf + sizeof(p->o), contexts);
	if (p->o.memfd && fds[0] >= 0)
		close(fds[0]);
	for (int i = 0; i < 3; i++)
		p->stream[i] = p->o.streams >> i & 1 ? fds[next++] : -1;
	for (uint32_t i = 0; i < p->o.groups && i < ORDER_GROUPS; i++)
		p->group[i] = fds[next++];
	if (!p->f.err && join_count(&p->own) != p->o.groups)
		fail_with(&p->f, EBADMSG, "recvmsg", "groups");
	/* root of a container may lower the limits of its pid 1, and the kernel then drops what does not fit */
	if (next && fds[next - 1] < 0)
		fail_with(&p->f, EMFILE, "recvmsg", "descriptors of the command");
}

void parcel_free(struct parcel *p)
{
	steps_free(&p->plan);
	steps_free(&p->own);
	for (int i = 0; i < 3; i++)
		if (p->stream[i] >= 0)
			close(p->stream[i]);
	for (uint32_t i = 0; i < p->o.groups && i < ORDER_GROUPS; i++)
		if (p->group[i] >= 0)
			close(p->group[i]);
}
