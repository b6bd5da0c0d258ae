#include "tree.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "sys.h"

static uint64_t tag_of(int proc, const char *who)
{
	struct stat st;
	char path[300];

	snprintf(path, sizeof(path), "%s/ns/cgroup", who);
	return fstatat(proc, path, &st, 0) == 0 ? (uint64_t)st.st_ino : 0;
}

uint64_t tree_tag(int proc)
{
	return unshare(CLONE_NEWCGROUP) < 0 ? 0 : tag_of(proc, "self");
}

/* How many there were; one that is dead already has no namespace any more. */
static int kill_once(int proc, uint64_t tag)
{
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d))) {
		int pid = atoi(e->d_name);

		if (pid <= 1 || tag_of(proc, e->d_name) != tag)
			continue;
		kill(pid, SIGKILL);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

int tree_kill(int proc, uint64_t tag)
{
	static const struct timespec pass = { .tv_nsec = 200000 };

	/* one that forks is seen in the next pass: a parent that is being killed forks no more */
	for (int passes = 0; passes < 5000; passes++) {
		if (kill_once(proc, tag) == 0)
			return 0;
		nanosleep(&pass, NULL);
	}
	return -1;
}
