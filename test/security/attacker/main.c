/*
 * attacker IDEA [ARGUMENT]...: makes all attempts of one idea. What would hurt a host that lets it through stands in ideas
 * that the tests never run outside of a container.
 */
#define _GNU_SOURCE
#include "attacker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 20 };

static const struct idea *const families[] = {
	architecture_ideas, device_ideas, exhaustion_ideas, file_ideas, inherited_ideas, keeper_ideas, kernel_ideas,
	leavings_ideas, mount_ideas, namespace_ideas, process_ideas, root_ideas, socket_ideas, swap_ideas, terminal_ideas,
};

int outcome(long result)
{
	return result < 0 ? -errno : 0;
}

int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* The child of a filter that kills cannot say so itself. */
void attempt(const char *name, attempt_fn run, const char *arg)
{
	int ends[2], got = -EIO, status = 0;
	pid_t pid;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		printf("%s\tnot tried: %s\n", name, strerror(errno));
		return;
	}
	if (pid == 0) {
		close(ends[0]);
		alarm(SECONDS);
		got = run(arg);
		if (write(ends[1], &got, sizeof(got)) != (ssize_t)sizeof(got))
			_exit(1);
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], &got, sizeof(got)) != (ssize_t)sizeof(got))
		got = -EIO;
	close(ends[0]);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s\tsignal %d\n", name, WTERMSIG(status));
	else
		printf("%s\t%d\n", name, -got);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		for (const struct idea *idea = families[i]; idea->name; idea++)
			if (!strcmp(idea->name, argv[1])) {
				idea->run(argv + 2);
				return 0;
			}
	fprintf(stderr, "no idea %s\n", argv[1]);
	return 2;
}
