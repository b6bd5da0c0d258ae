#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "scoped.h"
#include "sys.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

enum { DEVPTS_MAGIC = 0x1cd1, PTMX_INODE = 2, SIZE_MAX_ = 65535 };

static const char path[] = "/dev/pts/ptmx";

int terminal_resize(int fd, uint32_t cols, uint32_t rows)
{
	struct winsize size = { .ws_col = (unsigned short)cols, .ws_row = (unsigned short)rows };

	if (!cols || !rows || cols > SIZE_MAX_ || rows > SIZE_MAX_)
		return -EINVAL;
	return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

/*
 * The name leads through the container's file system, so that it may lead to anything by now (CVE-2025-52565): hold it
 * without opening it, see that it is the devpts multiplexer, and only then open what is held.
 */
static int open_master(struct failure *f, int proc)
{
	scoped_fd held = sys_openat2(AT_FDCWD, path, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
	struct statfs fs;
	struct stat st;
	char self[32];
	int master;

	if (held < 0)
		return fail(f, "openat2", path);
	if (fstatfs(held, &fs) < 0 || fstat(held, &st) < 0)
		return fail(f, "fstat", path);
	if (fs.f_type != DEVPTS_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || st.st_ino != PTMX_INODE)
		return fail_with(f, ENODEV, "fstat", path);
	snprintf(self, sizeof(self), "self/fd/%d", held);
	master = openat(proc, self, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return master < 0 ? fail(f, "openat", path) : master;
}

int terminal_open(struct failure *f, int proc, uint32_t cols, uint32_t rows, int *peer)
{
	scoped_fd master = open_master(f, proc);
	int unlock = 0, err;

	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return fail(f, "ioctl", "TIOCSPTLCK");
	err = terminal_resize(master, cols, rows);
	if (err < 0)
		return fail_with(f, -err, "ioctl", "TIOCSWINSZ");
	/* by its master and not by its name, which may be another's */
	*peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return *peer < 0 ? fail(f, "ioctl", "TIOCGPTPEER") : steal_fd(&master);
}
