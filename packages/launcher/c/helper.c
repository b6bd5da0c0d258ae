#include "helper.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "orders.h"
#include "sys.h"

static _Noreturn void work(pid_t parent, int sock, helper_fn *make, const void *arg)
{
	struct failure f = { .step = NONE };
	int fd;

	die_with(parent);
	fd = make(&f, arg);
	orders_send(sock, &f, sizeof(f), &fd, fd < 0 ? 0 : 1, 0);
	_exit(0);
}

int helper_fd(struct failure *f, uint64_t flags, helper_fn *make, const void *arg)
{
	int pair[2], fd = -1;
	ssize_t n;
	pid_t us = getpid(), pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(f, "socketpair", "helper");
	pid = sys_fork(flags, NULL);
	if (pid == 0)
		work(us, pair[1], make, arg);
	close(pair[1]);
	if (pid < 0) {
		fail(f, "clone3", "helper");
		close(pair[0]);
		return -f->err;
	}
	n = orders_receive(pair[0], f, sizeof(*f), &fd, 1);
	close(pair[0]);
	waitpid(pid, NULL, 0);
	if (n != (ssize_t)sizeof(*f))
		return fail_with(f, EIO, "helper", "it died");
	return f->err ? -f->err : fd;
}
