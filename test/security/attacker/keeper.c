/* Gives orders to the launcher that keeps a detached container, by the socket that its clients use. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacker.h"

enum { WHO = 10, HERE = 38, PATIENCE_MS = 3000 };

struct words {
	uint32_t size, type;
	uint64_t nonce;
};

static int connected(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	return fd;
}

/* One frame's head and the start of its body. 0, or how the connection ended. */
static int hear(int fd, struct words *w)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&ready, 1, PATIENCE_MS) <= 0)
		return -ETIMEDOUT;
	n = recv(fd, w, sizeof(*w), MSG_WAITALL);
	return n < 0 ? -errno : n == 0 ? -ECONNRESET : n == sizeof(*w) ? 0 : -EPROTO;
}

/* Says back whatever is asked; whoever is told anything else is let in. */
static int talk(int fd)
{
	struct words w = { 0 };
	int err = hear(fd, &w);

	if (err == 0 && w.type == WHO) {
		w.type = HERE;
		if (send(fd, &w, sizeof(w), MSG_NOSIGNAL) != sizeof(w))
			return -errno;
		err = hear(fd, &w);
	}
	return err;
}

static int ask(const char *path)
{
	int fd = connected(path);

	return fd < 0 ? fd : talk(fd);
}

/* Another connects, and passes the connection on; it lives on, or is dead when it is looked at. */
static int ask_for(const char *path, int lives)
{
	int pair[2], fd = -1;
	char bytes[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	char one = 0;
	struct iovec io = { &one, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = bytes, .msg_controllen = sizeof(bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || (pid = fork()) < 0)
		return -errno;
	if (pid == 0) {
		fd = connected(path);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		if (fd >= 0)
			sendmsg(pair[1], &m, 0);
		while (lives)
			pause();
		_exit(0);
	}
	close(pair[1]);
	if (!lives)
		waitpid(pid, NULL, 0);
	if (recvmsg(pair[0], &m, 0) == 1 && CMSG_FIRSTHDR(&m)) {
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
		fd = talk(fd);
	} else {
		fd = -EIO;
	}
	kill(pid, SIGKILL);
	return fd;
}

static int ask_for_the_dead(const char *path)
{
	return ask_for(path, 0);
}

static int ask_for_another(const char *path)
{
	return ask_for(path, 1);
}

static void keeper(char **args)
{
	attempt("connect and answer", ask, args[0]);
	attempt("answer for one who is dead", ask_for_the_dead, args[0]);
	attempt("answer for another", ask_for_another, args[0]);
}

const struct idea keeper_ideas[] = { { "keeper", keeper }, { NULL, NULL } };
