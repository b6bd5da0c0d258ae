/* What the caller's process has and a container must not get: environment, groups, ids, privileges by exec. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attacker.h"

static int has_variable(const char *name)
{
	return getenv(name) ? 0 : -ENOENT;
}

static int contains(const char *path, const char *what)
{
	char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int found = n > 0 && memmem(text, (size_t)n, what, strlen(what)) != NULL;

	if (fd >= 0)
		close(fd);
	return found;
}

static int any_environment(const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	char path[300];

	if (!proc)
		return -errno;
	while ((e = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/environ", e->d_name);
		if (atoi(e->d_name) > 0 && contains(path, name))
			return 0;
	}
	return -ENOENT;
}

static int has_groups(const char *arg)
{
	int n = getgroups(0, NULL);

	(void)arg;
	return n < 0 ? -errno : n > 0 ? 0 : -ENOENT;
}

static int take_group(const char *gid)
{
	gid_t group = (gid_t)strtoul(gid, NULL, 10);

	return outcome(syscall(SYS_setgroups, 1, &group));
}

static int take_id(const char *uid)
{
	return outcome(setresuid((uid_t)strtoul(uid, NULL, 10), (uid_t)-1, (uid_t)-1));
}

/* The name of a variable of the caller's, then an id that the container does not have. */
static void inherited(char **args)
{
	attempt("a variable of the caller", has_variable, args[0]);
	attempt("a variable of the caller in any environment", any_environment, args[0]);
	attempt("groups of the caller", has_groups, NULL);
	attempt("a group that is not mapped", take_group, args[1]);
	attempt("an id that is not mapped", take_id, args[1]);
}

static int effective_root(const char *path)
{
	char *argv[] = { (char *)"attacker", (char *)"who", NULL };

	execv(path, argv);
	return -errno;
}

/* Runs as another user: /bin/setuid belongs to root and has the bit. */
static void set_user_id(char **args)
{
	(void)args;
	fflush(stdout);
	effective_root("/bin/setuid");
}

static void who(char **args)
{
	(void)args;
	printf("effective root by a set-user-ID program\t%d\n", geteuid() == 0 ? 0 : EPERM);
}

const struct idea inherited_ideas[] = {
	{ "inherited", inherited }, { "set-user-id", set_user_id }, { "who", who }, { NULL, NULL },
};
