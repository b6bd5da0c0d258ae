#include "user-namespace.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "kernel-file.h"
#include "scoped.h"
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

/* Made by a child that only waits to be mapped and dismissed. */
int user_namespace_by(struct failure *f, const char *uid_map, const char *gid_map, int setgroups)
{
	pid_t us = getpid(), pid = sys_fork(CLONE_NEWUSER, NULL);
	char path[64];
	int made = -1;

	if (pid < 0)
		return fail(f, "clone3", "user namespace");
	if (pid == 0)
		for (die_with(us);;)
			pause();
	if (write_maps(f, pid, uid_map, gid_map, setgroups) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		made = open(path, O_RDONLY | O_CLOEXEC);
		if (made < 0)
			fail(f, "open", path);
	}
	/* never wait for what was not dismissed: it goes with us */
	if (kill(pid, SIGKILL) == 0)
		waitpid(pid, NULL, 0);
	return made < 0 ? -f->err : made;
}

int user_namespace(struct failure *f, const struct id_maps *maps, int setgroups)
{
	char text[2][48];
	const struct id_range *range[] = { &maps->uids, &maps->gids };

	for (int i = 0; i < 2; i++)
		snprintf(text[i], sizeof(text[i]), "%u %u %u", range[i]->inside, range[i]->outside, range[i]->count);
	return user_namespace_by(f, text[0], text[1], setgroups);
}
