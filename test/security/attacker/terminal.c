/* Typing into the terminal that is shared with the caller; standard input is that terminal. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "attacker.h"

static int inject(const char *arg)
{
	char c = 'x';

	(void)arg;
	return outcome(ioctl(0, TIOCSTI, &c));
}

/* CVE-2019-10063: the kernel looks at 32 bits of the request, a filter may have compared 64. */
static int inject_wide(const char *arg)
{
	char c = 'x';

	(void)arg;
	return outcome(syscall(SYS_ioctl, 0L, (long)TIOCSTI | (1L << 32), &c));
}

static int selection(const char *arg)
{
	char subcode = 3; /* paste */

	(void)arg;
	return outcome(ioctl(0, TIOCLINUX, &subcode));
}

static int selection_wide(const char *arg)
{
	char subcode = 3;

	(void)arg;
	return outcome(syscall(SYS_ioctl, 0L, (long)TIOCLINUX | (1L << 32), &subcode));
}

/* The kernel loads the driver of one that it has not: n_gsm, n_hdlc and slip had holes. This one does nothing. */
static int discipline(const char *arg)
{
	int null = 27, tty = 0;
	int result = outcome(syscall(SYS_ioctl, 0L, (long)TIOCSETD | (arg ? 1L << 32 : 0), &null));

	if (result == 0)
		ioctl(0, TIOCSETD, &tty);
	return result;
}

static int console(const char *arg)
{
	(void)arg;
	return outcome(ioctl(0, TIOCCONS, 0));
}

static int steal(const char *arg)
{
	(void)arg;
	if (setsid() < 0)
		return -errno;
	return outcome(ioctl(0, TIOCSCTTY, 1));
}

static int open_read(const char *path)
{
	return try_open(path, O_RDWR);
}

static int size(const char *arg)
{
	struct winsize size;

	(void)arg;
	return outcome(ioctl(0, TIOCGWINSZ, &size));
}

/* What is typed must not come out between the lines that tell of it. */
static void silence(void)
{
	struct termios t;

	if (tcgetattr(0, &t) < 0)
		return;
	t.c_lflag &= (tcflag_t)~ECHO;
	tcsetattr(0, TCSANOW, &t);
}

static void terminal(char **args)
{
	(void)args;
	silence();
	attempt("TIOCSTI", inject, NULL);
	attempt("TIOCSTI with high bits", inject_wide, NULL);
	attempt("TIOCLINUX", selection, NULL);
	attempt("TIOCLINUX with high bits", selection_wide, NULL);
	attempt("another line discipline", discipline, NULL);
	attempt("another line discipline with high bits", discipline, "high");
	attempt("take the console", console, NULL);
	attempt("steal the terminal", steal, NULL);
	attempt("a virtual console", open_read, "/dev/tty0");
	attempt("the size of the terminal", size, NULL);
}

const struct idea terminal_ideas[] = { { "terminal", terminal }, { NULL, NULL } };
