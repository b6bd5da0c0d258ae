/* Taking all there is of what a container is given a limited amount of. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacker.h"

/* "directory:most": 0 when more than that was taken. */
struct share {
	char where[200];
	long most;
};

static struct share parse(const char *arg)
{
	struct share s = { .most = 0 };
	const char *colon = strrchr(arg, ':');

	snprintf(s.where, sizeof(s.where), "%.*s", (int)(colon - arg), arg);
	s.most = atol(colon + 1);
	return s;
}

static int bytes(const char *arg)
{
	static char block[1 << 16];
	struct share s = parse(arg);
	char path[256];
	long n = 0;
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/filler", s.where);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (!err && n <= s.most) {
		ssize_t done = write(fd, block, sizeof(block));

		if (done < 0)
			err = -errno;
		else
			n += done;
	}
	unlink(path);
	return err;
}

static int inodes(const char *arg)
{
	struct share s = parse(arg);
	char path[256];
	long made = 0;
	int err = 0;

	snprintf(path, sizeof(path), "%s/many", s.where);
	if (mkdir(path, 0700) < 0)
		return -errno;
	while (!err && made <= s.most) {
		snprintf(path, sizeof(path), "%s/many/%ld", s.where, made);
		if (mknod(path, S_IFREG | 0600, 0) < 0)
			err = -errno;
		else
			made++;
	}
	while (made-- > 0) {
		snprintf(path, sizeof(path), "%s/many/%ld", s.where, made);
		unlink(path);
	}
	return err;
}

static int forks(const char *arg)
{
	struct share s = parse(arg);
	pid_t children[4096];
	long n = 0;
	int err = 0;

	while (!err && n <= s.most && n < 4096) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		if (pid < 0)
			err = -errno;
		else
			children[n++] = pid;
	}
	while (n-- > 0)
		kill(children[n], SIGKILL);
	return err;
}

static int queues(const char *arg)
{
	struct share s = parse(arg);
	char name[64];

	for (long i = 0; i <= s.most; i++) {
		snprintf(name, sizeof(name), "caisson-%ld", i);
		if (syscall(SYS_mq_open, name, O_CREAT | O_RDWR, 0600, NULL) < 0)
			return -errno;
	}
	return 0;
}

static int descriptors(const char *arg)
{
	struct share s = parse(arg);

	for (long i = 0; i <= s.most; i++)
		if (open("/", O_PATH) < 0)
			return -errno;
	return 0;
}

/* bytes, inodes of the root; bytes, inodes of /dev/shm; processes; queues; descriptors: each "directory:most" */
static void exhaustion(char **args)
{
	attempt("bytes of the root", bytes, args[0]);
	attempt("files of the root", inodes, args[1]);
	attempt("bytes of /dev/shm", bytes, args[2]);
	attempt("files of /dev/shm", inodes, args[3]);
	attempt("processes", forks, args[4]);
	attempt("message queues", queues, args[5]);
	attempt("descriptors", descriptors, args[6]);
	attempt("a file in /dev", bytes, "/dev:1");
	attempt("a file in a cover", bytes, "/sys/firmware:1");
}

const struct idea exhaustion_ideas[] = { { "exhaustion", exhaustion }, { NULL, NULL } };
