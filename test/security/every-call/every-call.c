// Makes system calls and says what came of each, one line a call: number, arguments, outcome.
//
//   every-call ask [number[:arg0,arg1,arg2]]...
//     whether the filters let the call through, without its happening: a filter of this program's own, which gives way to
//     every one that refuses, hands each call to a supervisor, and that answers a number of its own.
//       reached, errno <n>, signal <n>
//   every-call make [number]...
//     each in a child of its own, with arguments of all ones: bad pointers, bad descriptors, bad flags.
//       returned, errno <n>, signal <n>, ended (it never returned), waits (it was ended after a while)
//   every-call foreign
//     one call by i386's convention
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK 0x5eccU
#define MINE 4001
#define PATIENCE_MS 400
#define ONES (-1L)

static void die(const char *what)
{
	perror(what);
	_exit(70);
}

struct call {
	long nr;
	unsigned long arg[3];
};

static struct call parse(const char *text)
{
	struct call c = { .arg = { ~0UL, ~0UL, ~0UL } };
	char *end;

	c.nr = (long)strtoul(text, &end, 0);
	for (int i = 0; i < 3 && (*end == ':' || *end == ','); i++)
		c.arg[i] = strtoul(end + 1, &end, 0);
	if (*end)
		die(text);
	return c;
}

/* The sixth argument is looked at by no rule and read by hardly a call: it tells those under test from this program's own. */
static int install(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MARK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { .len = sizeof(f) / sizeof(*f), .filter = f };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &p);
}

static void give(int to, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io = { .iov_base = "f", .iov_len = 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(to, &m, 0) != 1)
		die("sendmsg");
}

static int take(int from)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	int fd = -1;

	if (recvmsg(from, &m, 0) != 1 || !CMSG_FIRSTHDR(&m))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* Answers every call that gets so far, until nobody is left who could make one. */
static void supervise(int fd)
{
	struct seccomp_notif q;
	struct seccomp_notif_resp a;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, -1) < 0 || !(p.revents & POLLIN))
			_exit(0);
		memset(&q, 0, sizeof(q));
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &q) < 0)
			continue;
		memset(&a, 0, sizeof(a));
		a.id = q.id;
		a.error = -MINE;
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &a);
	}
}

static void outcome(const struct call *c, const char *what, int n)
{
	printf("%ld %lu,%lu,%lu %s", c->nr, c->arg[0], c->arg[1], c->arg[2], what);
	if (n >= 0)
		printf(" %d", n);
	putchar('\n');
}

/* From where a child was killed the next one goes on. */
static int ask_from(int first, int n, char **text, int *at)
{
	int pair[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	fflush(stdout);
	pid_t supervisor = fork();
	if (supervisor == 0) {
		close(pair[0]);
		supervise(take(pair[1]));
	}
	close(pair[1]);
	pid_t child = fork();
	if (child == 0) {
		int fd = install();
		if (fd < 0)
			die("seccomp");
		give(pair[0], fd);
		close(fd);
		for (*at = first; *at < n; ++*at) {
			errno = 0;
			struct call c = parse(text[*at]);
			long r = syscall(c.nr, c.arg[0], c.arg[1], c.arg[2], 0, 0, (unsigned long)MARK);
			if (r < 0 && errno == MINE)
				outcome(&c, "reached", -1);
			else if (r < 0)
				outcome(&c, "errno", errno);
			else
				outcome(&c, "returned", -1);
			fflush(stdout);
		}
		_exit(0);
	}
	close(pair[0]);
	if (waitpid(child, &status, 0) != child || waitpid(supervisor, NULL, 0) != supervisor)
		die("waitpid");
	if (!WIFSIGNALED(status))
		return n;
	struct call c = parse(text[*at]);
	outcome(&c, "signal", WTERMSIG(status));
	return *at + 1;
}

static void make(const char *text)
{
	struct call c = parse(text);
	int result[2], status;
	long said = 0;

	fflush(stdout);
	if (pipe(result) < 0)
		die("pipe");
	pid_t child = fork();
	if (child == 0) {
		pid_t self = getpid();
		long r = syscall(c.nr, ONES, ONES, ONES, ONES, ONES, ONES);
		long answer = r < 0 ? -errno : 1;
		if (getpid() != self) /* it was a fork */
			_exit(0);
		if (write(result[1], &answer, sizeof(answer)) != sizeof(answer))
			_exit(71);
		_exit(0);
	}
	close(result[1]);
	struct pollfd p = { .fd = result[0], .events = POLLIN };
	int ready = poll(&p, 1, PATIENCE_MS);
	int got = ready > 0 && read(result[0], &said, sizeof(said)) == sizeof(said);
	close(result[0]);
	kill(child, SIGKILL);
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	if (got)
		outcome(&c, said < 0 ? "errno" : "returned", said < 0 ? (int)-said : -1);
	else if (ready == 0)
		outcome(&c, "waits", -1);
	else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		outcome(&c, "signal", WTERMSIG(status));
	else
		outcome(&c, "ended", -1);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int main(int argc, char **argv)
{
	static char buffer[1 << 16];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if (argc > 2 && !strcmp(argv[1], "make")) {
		for (int i = 2; i < argc; i++)
			make(argv[i]);
	} else if (argc > 2 && !strcmp(argv[1], "ask")) {
		/* where a child is: its parent must know when it was killed */
		int *at = mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED)
			die("mmap");
		for (int i = 2; i < argc;)
			i = ask_from(i, argc, argv, at);
#ifdef __x86_64__
	} else if (argc == 2 && !strcmp(argv[1], "foreign")) {
		long r = 20; /* i386's getpid */

		__asm__ volatile("int $0x80" : "+a"(r) : : "memory", "r8", "r9", "r10", "r11");
		printf("foreign %ld\n", r);
#endif
	} else {
		return 64;
	}
	return 0;
}
