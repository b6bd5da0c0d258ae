/*
 * A user's launcher makes namespaces as that user, and what containers use up there the user lacks: of inotify instances,
 * 128 by default, any container could take all. In a user namespace of our own the kernel holds all that is made in it to
 * half: of these by files of it, of rlimits by what they were when it was entered.
 *
 * Left out where /proc/sys is read-only, as in most containers that we may be in: the user there is of that container alone.
 */
#include "share.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernel-file.h"
#include "scoped.h"

static const char *const counted[] = {
	"/proc/sys/user/max_inotify_instances",
	"/proc/sys/user/max_inotify_watches",
	"/proc/sys/user/max_fanotify_groups",
	"/proc/sys/user/max_fanotify_marks",
};
static const int rlimits[] = { RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NPROC };

enum { COUNTED = sizeof(counted) / sizeof(*counted), RLIMITS = sizeof(rlimits) / sizeof(*rlimits) };
/* Processes that stay the user's; who may have few has them all. */
enum { FEW = 4096, KEPT = 256 };

static long most[COUNTED];
static struct rlimit before[RLIMITS];

/* 0: not to be known. */
static long number_in(const char *path)
{
	scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[24] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 ? strtol(text, NULL, 10) : 0;
}

/* RLIMIT_NPROC holds each id of a container, and it has many: all of them together get half of what the host has. */
static rlim_t processes_of(rlim_t all)
{
	static const char *const host[] = { "/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max" };

	if (all != RLIM_INFINITY && all >= FEW)
		all -= KEPT;
	for (size_t i = 0; i < sizeof(host) / sizeof(*host); i++) {
		long n = number_in(host[i]);

		if (n > 0 && (rlim_t)n / 2 < all)
			all = (rlim_t)n / 2;
	}
	return all;
}

static rlim_t share_of(int rlimit, rlim_t all)
{
	if (rlimit == RLIMIT_NPROC)
		return processes_of(all);
	return all == RLIM_INFINITY ? all : all / 2;
}

static int set_share(struct failure *f, int rlimit, const struct rlimit *to)
{
	return setrlimit(rlimit, to) < 0 ? fail(f, "prlimit64", "share") : 0;
}

static int halve(struct failure *f, int rlimit, struct rlimit *was)
{
	struct rlimit share;

	if (getrlimit(rlimit, was) < 0)
		return fail(f, "prlimit64", "share");
	share = *was;
	share.rlim_cur = share_of(rlimit, share.rlim_cur);
	return set_share(f, rlimit, &share);
}

int share_processes(struct failure *f)
{
	struct rlimit was;

	return halve(f, RLIMIT_NPROC, &was);
}

int share_measure(struct failure *f)
{
	for (size_t i = 0; i < COUNTED; i++)
		most[i] = number_in(counted[i]);
	for (size_t i = 0; i < RLIMITS; i++)
		if (halve(f, rlimits[i], &before[i]) < 0)
			return -f->err;
	return 0;
}

int share_limit(struct failure *f)
{
	struct failure quiet;
	char text[24];

	for (size_t i = 0; i < COUNTED; i++) {
		if (most[i] < 2)
			continue;
		snprintf(text, sizeof(text), "%ld", most[i] / 2);
		kernel_write(&quiet, counted[i], text);
	}
	for (size_t i = 0; i < RLIMITS; i++)
		if (set_share(f, rlimits[i], &before[i]) < 0)
			return -f->err;
	return 0;
}
