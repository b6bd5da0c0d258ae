#include "user-namespace.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include "kernel-file.h"
#include "launcher.h"
#include "orders.h"
#include "scoped.h"
#include "share.h"
#include "sys.h"

static int write_maps(struct failure *f, pid_t pid, const char *uid_map, const char *gid_map, int setgroups)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	if (!setgroups && kernel_write(f, path, "deny") < 0)
		return -f->err;
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	if (kernel_write(f, path, uid_map) < 0)
		return -f->err;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	return kernel_write(f, path, gid_map);
}

/*
 * What the kernel counts by user it also counts for whoever made the namespace: inotify instances (128 of them), watches,
 * queued signals. As root that would be the host's root, for whom any container could use them up. So a namespace is made
 * as nobody of the block, in the same powers: its owner has no process of its own.
 */
static int become_owner(struct failure *f)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (L.userns != 0 || L.one_uid == 0)
		return 0;
	if (share_processes(f) < 0)
		return -f->err;
	if (syscall(SYS_capget, &head, caps) < 0)
		return fail(f, "capget", "user namespace");
	/* root that was left without these has them over its own namespaces alone, and needs them to end what it started */
	if (~caps[0].effective & (1U << CAP_KILL | 1U << CAP_SYS_PTRACE))
		return 0;
	/*
	 * The effective id owns what is made; of the real one it takes the limit on processes, of which the host's root has
	 * none. The saved one stays 0, so that the powers can be taken up again.
	 */
	if (syscall(SYS_setresuid, L.one_uid, L.one_uid, -1) < 0)
		return fail(f, "setresuid", "user namespace");
	return syscall(SYS_capset, &head, caps) < 0 ? fail(f, "capset", "user namespace") : 0;
}

static _Noreturn void be_namespace(pid_t us, int sock)
{
	struct failure f = { .step = NONE };
	int fd = -1;

	if (become_owner(&f) == 0 && unshare(CLONE_NEWUSER) < 0)
		fail(&f, "unshare", "user namespace");
	/* changes of user clear it: now it stays */
	die_with(us);
	if (!f.err && (fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC)) < 0)
		fail(&f, "open", "/proc/self/ns/user");
	/* the parent hears of us, or of our end */
	if (orders_send(sock, &f, sizeof(f), &fd, fd >= 0 ? 1 : 0, 0) < 0)
		_exit(1);
	for (;;)
		pause();
}

/* Made by a child that then only waits to be mapped and dismissed. */
int user_namespace_by(struct failure *f, const char *uid_map, const char *gid_map, int setgroups)
{
	scoped_fd ours = -1, theirs = -1;
	int pair[2], made[1] = { -1 };
	pid_t us = getpid(), pid;
	struct failure said;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(f, "socketpair", "user namespace");
	ours = pair[0];
	theirs = pair[1];
	pid = sys_fork(0, NULL);
	if (pid < 0)
		return fail(f, "clone3", "user namespace");
	if (pid == 0)
		be_namespace(us, theirs);
	close(steal_fd(&theirs));
	if (orders_receive(ours, &said, sizeof(said), made, 1) != (ssize_t)sizeof(said))
		fail_with(f, EIO, "recvmsg", "user namespace");
	else if (said.err)
		fail_with(f, said.err, said.call, said.subject);
	else if (made[0] < 0)
		fail_with(f, EMFILE, "recvmsg", "user namespace"); /* no room: the kernel delivers the message without it */
	else if (write_maps(f, pid, uid_map, gid_map, setgroups) < 0)
		close(steal_fd(&made[0]));
	/* never wait for what was not dismissed: it goes with us */
	if (kill(pid, SIGKILL) == 0)
		waitpid(pid, NULL, 0);
	return made[0] < 0 ? -f->err : made[0];
}

int user_namespace(struct failure *f, const struct id_maps *maps, int setgroups)
{
	char text[2][48];
	const struct id_range *range[] = { &maps->uids, &maps->gids };

	for (int i = 0; i < 2; i++)
		snprintf(text[i], sizeof(text[i]), "%u %u %u", range[i]->inside, range[i]->outside, range[i]->count);
	return user_namespace_by(f, text[0], text[1], setgroups);
}
