#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "launcher.h"
#include "sys.h"
#include "worker.h"

void worker_run(uint32_t container, uint32_t exec, const char *name, worker_fn *work, const struct field *a)
{
	struct container *c = table_find(&L.containers, container);
	struct io_request io = { .exec = exec, .in = STDIO_NULL, .out = STDIO_STREAM, .err = STDIO_NULL };
	struct failure f = { .step = NONE };
	int theirs[3] = { -1, -1, -1 };
	struct command *cmd = NULL;
	pid_t us = getpid();

	if (container != NONE && (!c || c->upper < 0))
		fail_with(&f, ESRCH, name, "container");
	else if (!(cmd = command_make(&io, theirs)))
		fail(&f, "pipe2", name);
	if (!cmd) {
		reply_failed(&L.wire, 4, io.exec, &f);
		return;
	}
	cmd->worker = sys_fork(0, &cmd->death.fd);
	if (cmd->worker == 0)
		work(us, c, a, theirs[1]);
	if (cmd->worker < 0)
		fail(&f, "clone3", name);
	close(theirs[1]);
	if (!f.err && watch(&cmd->death, EPOLLIN) < 0)
		fail_with(&f, ENOMEM, "epoll_ctl", name);
	if (f.err)
		command_failed(cmd, 4, &f);
	else
		command_started(cmd, (uint32_t)cmd->worker);
}
