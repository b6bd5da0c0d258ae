#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

#define GROUP "/sys/fs/cgroup/command"

enum { CHUNK = 64 << 10, SILENT_PASSES = 20, PASS_MS = 5 };

/* A console of the machine is a descriptor of the host's. */
static int console(const char *path)
{
	int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	struct termios mode;

	if (fd < 0)
		guest_fail(path);
	if (tcgetattr(fd, &mode) == 0) {
		cfmakeraw(&mode);
		tcsetattr(fd, TCSANOW, &mode);
	}
	return fd;
}

/* What a user needs who was given a tree of groups, as systemd gives it. */
static void delegate(uid_t uid, gid_t gid)
{
	static const char *const files[] = { GROUP, GROUP "/cgroup.procs", GROUP "/cgroup.subtree_control",
					     GROUP "/cgroup.threads" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (chown(files[i], uid, gid) < 0)
			guest_fail(files[i]);
}

static void become_user(uid_t uid, gid_t gid)
{
	char path[64];

	make_dirs("/run/user", 0755);
	snprintf(path, sizeof(path), "/run/user/%u", uid);
	mkdir(path, 0700);
	setenv("XDG_RUNTIME_DIR", path, 1);
	if (chown(path, uid, gid) < 0 || setgroups(1, &gid) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		guest_fail("user");
}

static _Noreturn void become(const char *work, int out, int err)
{
	const char *user = setting("user", 0);
	unsigned int uid = 0, gid = 0;
	char script[4096];

	if (user && sscanf(user, "%u:%u", &uid, &gid) != 2)
		guest_fail("user");
	/* in a group of its own: controllers of the root group limit nobody */
	mkdir(GROUP, 0755);
	if (file_put(GROUP "/cgroup.procs", "0") < 0)
		guest_fail(GROUP);
	if (user && setting("delegate", 0))
		delegate(uid, gid);
	setsid();
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(err, 2);
	closefrom(3);
	signal(SIGPIPE, SIG_DFL);
	if (user)
		become_user(uid, gid);
	snprintf(script, sizeof(script), "%s/command.sh", work);
	execl("/bin/sh", "sh", script, (char *)NULL);
	_exit(127);
}

/* 0 at its end. */
static int pump(int from, int to)
{
	static char buf[CHUNK];
	ssize_t n = read(from, buf, sizeof(buf));

	for (ssize_t done = 0; done < n;) {
		ssize_t k = write(to, buf + done, (size_t)(n - done));

		if (k < 0 && errno != EINTR && errno != EAGAIN)
			return 0;
		done += k > 0 ? k : 0;
	}
	return n > 0;
}

/* -1 while it runs. We are everybody's parent here: whoever ends is reaped. */
static int reap(pid_t command)
{
	int code = -1, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return code;
}

int command_run(const char *work)
{
	int consoles[] = { console("/dev/tty1"), console("/dev/tty2") };
	int out[2], err[2], code = -1;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		guest_fail("command");
	if (pid == 0)
		become(work, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	struct pollfd on[] = { { .fd = out[0], .events = POLLIN }, { .fd = err[0], .events = POLLIN } };

	/* what was left behind may hold the pipes: then a tenth of a second of silence is the end */
	for (int silent = 0; code < 0 || ((on[0].fd >= 0 || on[1].fd >= 0) && silent < SILENT_PASSES);) {
		int n = poll(on, 2, PASS_MS);

		for (int i = 0; n > 0 && i < 2; i++)
			if (on[i].revents && !pump(on[i].fd, consoles[i]))
				on[i].fd = -1;
		if (code < 0)
			code = reap(pid);
		silent = code >= 0 && n == 0 ? silent + 1 : 0;
	}
	tcdrain(consoles[0]);
	tcdrain(consoles[1]);
	return code;
}
