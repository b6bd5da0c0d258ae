#include "helper.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "orders.h"
#include "scoped.h"
#include "sys.h"

static _Noreturn void work(int sock, helper_fn *make, const void *arg)
{
	struct failure f = { .step = NONE };
	int fds[ORDER_FDS], n;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	n = make(&f, arg, fds);
	orders_send(sock, &f, sizeof(f), fds, n < 0 ? 0 : (size_t)n, 0);
	_exit(0);
}

int helper_fds(struct failure *f, uint64_t flags, helper_fn *make, const void *arg, int *fds, size_t n)
{
	int pair[2];
	ssize_t got;
	pid_t pid;

	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(f, "socketpair", "helper");
	pid = sys_fork(flags, NULL);
	if (pid == 0)
		work(pair[1], make, arg);
	close(pair[1]);
	if (pid < 0) {
		fail(f, "clone3", "helper");
		close(pair[0]);
		return -f->err;
	}
	got = orders_receive(pair[0], f, sizeof(*f), fds, n);
	close(pair[0]);
	waitpid(pid, NULL, 0);
	if (got != (ssize_t)sizeof(*f))
		fail_with(f, EIO, "helper", "it died");
	else if (!f->err && fds[n - 1] < 0)
		fail_with(f, EMFILE, "recvmsg", "helper"); /* no room: the kernel delivers the message without them */
	for (size_t i = 0; f->err && i < n; i++)
		if (fds[i] >= 0)
			close(steal_fd(&fds[i]));
	return -f->err;
}
