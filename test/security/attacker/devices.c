/* Device nodes: made, and found in the root. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attacker.h"

static int make(const char *where, mode_t type, unsigned int major, unsigned int minor)
{
	int err;

	unlink(where);
	if (mknod(where, type | 0666, makedev(major, minor)) < 0)
		return -errno;
	err = try_open(where, O_RDONLY);
	unlink(where);
	return err;
}

static int disk(const char *where)
{
	return make(where, S_IFBLK, 8, 0);
}

static int virtual_disk(const char *where)
{
	return make(where, S_IFBLK, 254, 0);
}

static int memory(const char *where)
{
	return make(where, S_IFCHR, 1, 1);
}

static int kernel_log(const char *where)
{
	return make(where, S_IFCHR, 1, 11);
}

static int null_device(const char *where)
{
	return make(where, S_IFCHR, 1, 3);
}

/* The kernel lets everybody make these: an overlay's mark for a deleted file, which opens nothing. */
static int whiteout(const char *where)
{
	return make(where, S_IFCHR, 0, 0);
}

static int open_it(const char *path)
{
	return try_open(path, O_RDONLY);
}

static int change(const char *path)
{
	return outcome(chmod(path, 0));
}

static void devices(char **args)
{
	(void)args;
	attempt("make a disk", disk, "/tmp/node");
	attempt("make a virtual disk", virtual_disk, "/tmp/node");
	attempt("make /dev/mem", memory, "/tmp/node");
	attempt("make /dev/kmsg", kernel_log, "/tmp/node");
	attempt("make /dev/null", null_device, "/tmp/node");
	attempt("make /dev/null in /dev/shm", null_device, "/dev/shm/node");
	attempt("make a whiteout", whiteout, "/tmp/node");
	attempt("open /dev/mem", open_it, "/dev/mem");
	attempt("open /dev/kmsg", open_it, "/dev/kmsg");
	attempt("open /dev/fuse", open_it, "/dev/fuse");
	attempt("open /dev/net/tun", open_it, "/dev/net/tun");
	attempt("open /dev/kvm", open_it, "/dev/kvm");
	attempt("open /dev/loop-control", open_it, "/dev/loop-control");
	attempt("open /dev/sda", open_it, "/dev/sda");
	attempt("open /dev/vda", open_it, "/dev/vda");
	attempt("open a null device of the root", open_it, "/nodes/null");
	attempt("open a disk of the root", open_it, "/nodes/disk");
	attempt("change the mode of /dev/null", change, "/dev/null");
	attempt("change the mode of a cover", change, "/proc/interrupts");
	attempt("open /dev/null", open_it, "/dev/null");
}

const struct idea device_ideas[] = { { "devices", devices }, { NULL, NULL } };
