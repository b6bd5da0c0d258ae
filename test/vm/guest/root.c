#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

static void mount_with(unsigned long flags, const char *source, const char *at, const char *type, const char *options)
{
	mkdir(at, 0755);
	if (mount(source, at, type, flags, options) < 0)
		guest_fail(at);
}

static void mount_at(const char *source, const char *at, const char *type, const char *options)
{
	mount_with(0, source, at, type, options);
}

/* For an ordinary user's machine the host's root is nobody, whom a set-user-ID program would make of the machine's root. */
static unsigned long without_nobody(void)
{
	struct stat top;

	return stat("/", &top) == 0 && top.st_uid == 0 ? 0 : MS_NOSUID;
}

/* What the host has, read-only, under a layer that takes writes and is thrown away. */
static void lay_over(void)
{
	mount_at("test", "/mnt", "tmpfs", "mode=755,size=75%");
	mkdir("/mnt/upper", 0755);
	mkdir("/mnt/work", 0755);
	mkdir("/mnt/keep", 0755);
	module_load("overlay");
	mount_with(without_nobody(), "root", ROOT, "overlay", "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work");
}

static void link_at(const char *to, const char *at)
{
	unlink(at);
	if (symlink(to, at) < 0)
		guest_fail(at);
}

static void mount_kernel(void)
{
	mount_at("proc", ROOT "/proc", "proc", NULL);
	mount_at("sys", ROOT "/sys", "sysfs", NULL);
	mount_at("dev", ROOT "/dev", "devtmpfs", NULL);
	mount_at("devpts", ROOT "/dev/pts", "devpts", "mode=620,ptmxmode=666,gid=5");
	mount_at("shm", ROOT "/dev/shm", "tmpfs", "mode=1777");
	mount_at("mqueue", ROOT "/dev/mqueue", "mqueue", NULL);
	mount_at("cgroup2", ROOT "/sys/fs/cgroup", "cgroup2", setting("cgroup-options", 0));
	link_at("/proc/self/fd", ROOT "/dev/fd");
	link_at("fd/0", ROOT "/dev/stdin");
	link_at("fd/1", ROOT "/dev/stdout");
	link_at("fd/2", ROOT "/dev/stderr");
	link_at("pts/ptmx", ROOT "/dev/ptmx");
}

/* The upper of an overlay may not lie on an overlay: /run and /tmp are file systems of their own. */
static void mount_writable(void)
{
	const char *cwd = setting("cwd", 0);
	int keep = cwd && !strncmp(cwd, "/tmp/", strlen("/tmp/"));
	char at[4096];

	mount_at("run", ROOT "/run", "tmpfs", "mode=755");
	snprintf(at, sizeof(at), ROOT "%s", keep ? cwd : "");
	if (keep && mount(at, "/mnt/keep", NULL, MS_BIND | MS_REC, NULL) < 0)
		guest_fail(at);
	mount_at("tmp", ROOT "/tmp", "tmpfs", "mode=1777");
	if (keep) {
		make_dirs(at, 0755);
		if (mount("/mnt/keep", at, NULL, MS_MOVE, NULL) < 0)
			guest_fail(at);
	}
	if (setting("disk", 0))
		mount_at("/dev/ubda", ROOT "/mnt", "ext4", NULL);
	if (setting("disk", 0) && (chmod(ROOT "/mnt", 01777) < 0))
		guest_fail("/mnt");
}

/* Directories of the host that the machine may write. */
static void share(const char *path)
{
	char at[4096];

	snprintf(at, sizeof(at), ROOT "%s", path);
	make_dirs(at, 0755);
	if (mount("share", at, "hostfs", 0, path) < 0)
		guest_fail(path);
}

static void loopback_up(void)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &lo) < 0)
		guest_fail("lo");
	close(s);
}

void root_enter(const char *work)
{
	const char *more;

	lay_over();
	mount_kernel();
	mount_writable();
	share(work);
	for (int i = 0; (more = setting("share", i)); i++)
		share(more);
	loopback_up();
	if (chdir(ROOT) < 0 || mkdir("old", 0700) < 0 || syscall(SYS_pivot_root, ".", "old") < 0 || chdir("/") < 0 ||
	    umount2("/old", MNT_DETACH) < 0 || rmdir("/old") < 0)
		guest_fail("pivot_root");
}
