/*
 * What the kernel alone costs, without Node and without a protocol.
 *
 *   c-limit exec PROGRAM [ARG...]     vfork and execve of a program
 *   c-limit container ROOT SECCOMP    a container over directory ROOT that runs /true: the namespaces, the copy-on-write
 *                                     root on a private tmpfs, /proc, /dev, /sys, masks, capabilities and seccomp program
 *                                     (a file of struct sock_filter) of Caisson's default, from a template namespace
 *
 * Each byte on stdin is one run; its duration in nanoseconds is one line on stdout. A failure ends the program.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* sys/mount.h clashes with linux/mount.h in some libraries; these are all it is needed for */
int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);
#define OLD_MS_BIND 4096
#define OLD_MS_REC 16384
#define OLD_MS_PRIVATE (1 << 18)
#define OLD_MNT_DETACH 2

static struct sock_fprog filter;
static int netns, userns, rootless;

static void check(long result, const char *what)
{
	if (result < 0) {
		dprintf(2, "c-limit: %s: %s\n", what, strerror(errno));
		_exit(125);
	}
}

static void fs_option(int fs, const char *key, const char *value)
{
	check(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0), key);
}

static int fs_mount(int fs, unsigned int attrs)
{
	int mnt;

	check(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
	mnt = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attrs);
	check(mnt, "fsmount");
	close(fs);
	return mnt;
}

static int fs_open(const char *type)
{
	int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);

	check(fs, type);
	return fs;
}

static void put(int mnt, const char *at)
{
	check(syscall(SYS_move_mount, mnt, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH), at);
	close(mnt);
}

static void put_new(const char *type, const char *at, const char *key, const char *value, unsigned int attrs)
{
	int fs = fs_open(type);

	if (key)
		fs_option(fs, key, value);
	put(fs_mount(fs, attrs), at);
}

static int copy_of(const char *path)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	check(tree, path);
	return tree;
}

static void make_root(void)
{
	int fs = fs_open("tmpfs");
	int upper;

	fs_option(fs, "size", "268435456");
	upper = fs_mount(fs, MOUNT_ATTR_NODEV);
	check(mkdirat(upper, "upper", 0755), "upper");
	check(mkdirat(upper, "work", 0755), "work");
	put(upper, "/.upper");
	fs = fs_open("overlay");
	fs_option(fs, "lowerdir+", "/lower");
	fs_option(fs, "upperdir", "/.upper/upper");
	fs_option(fs, "workdir", "/.upper/work");
	put(fs_mount(fs, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID), "/.root");
}

static void hide(const char *path, const char *by)
{
	if (access(path, F_OK) == 0)
		put(copy_of(by), path);
}

static void freeze(const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int tree;

	if (access(path, F_OK) < 0)
		return;
	tree = copy_of(path);
	check(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)), path);
	put(tree, path);
}

static void fill_root(void)
{
	static const char *const files[] = { "kcore", "keys", "latency_stats", "timer_list", "sched_debug",
					     "interrupts" };
	static const char *const dirs[] = { "acpi", "asound", "scsi" };
	static const char *const fixed[] = { "bus", "fs", "irq", "sys", "sysrq-trigger" };
	char path[64];

	check(syscall(SYS_move_mount, AT_FDCWD, "/dev", AT_FDCWD, "/.root/dev", 0), "dev");
	put_new("devpts", "/.root/dev/pts", "ptmxmode", "0666", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	put_new("tmpfs", "/.root/dev/shm", "size", "67108864", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	put_new("mqueue", "/.root/dev/mqueue", NULL, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	check(syscall(SYS_move_mount, AT_FDCWD, "/sys", AT_FDCWD, "/.root/sys", 0), "sys");
	put_new("proc", "/.root/proc", NULL, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/.root/proc/%s", files[i]);
		hide(path, "/null");
	}
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "/.root/proc/%s", dirs[i]);
		hide(path, "/empty");
	}
	hide("/.root/sys/firmware", "/empty");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		snprintf(path, sizeof(path), "/.root/proc/%s", fixed[i]);
		freeze(path);
	}
}

static void drop_privileges(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { 0 };
	const uint32_t keep = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FSETID | 1U << CAP_FOWNER |
			      1U << CAP_SETGID | 1U << CAP_SETUID | 1U << CAP_SETFCAP |
			      1U << CAP_NET_BIND_SERVICE | 1U << CAP_SYS_CHROOT | 1U << CAP_KILL;

	check(setns(userns, CLONE_NEWUSER), "user namespace");
	setsid();
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap > 31 || !(keep >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* a kernel may know fewer */
	check(setresgid(0, 0, 0), "setresgid");
	check(setresuid(0, 0, 0), "setresuid");
	sets[0].effective = sets[0].permitted = keep;
	check(syscall(SYS_capset, &head, sets), "capset");
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), "seccomp");
}

static int in_container(void *unused)
{
	static char *const argv[] = { "/true", NULL };
	static char *const env[] = { "PATH=/", NULL };

	(void)unused;
	check(setns(netns, CLONE_NEWNET), "network namespace");
	make_root();
	fill_root();
	check(chdir("/.root"), "chdir");
	check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", OLD_MNT_DETACH), "umount2");
	check(chdir("/"), "chdir");
	check(sethostname("bench", 5), "hostname");
	drop_privileges();
	check(syscall(SYS_close_range, 3, ~0U, 0), "close_range");
	execve(argv[0], argv, env);
	check(-1, "execve");
	return 125;
}

static int plain(void *argv)
{
	execve(((char **)argv)[0], argv, (char *[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL });
	check(-1, ((char **)argv)[0]);
	return 125;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	check(fd, path);
	check(write(fd, text, strlen(text)), path);
	close(fd);
}

/* A namespace that outlives the process that made it, by descriptor. */
static int namespace_of(int flag, const char *name, const char *map)
{
	char path[64];
	int fd, ready[2], go[2];
	pid_t pid;
	char byte = 0;

	check(pipe(ready) | pipe(go), "pipe");
	pid = fork();
	if (pid == 0) {
		check(unshare(flag), name);
		check(write(ready[1], &byte, 1), "write");
		_exit(read(go[0], &byte, 1) < 0);
	}
	check(read(ready[0], &byte, 1), "read");
	if (map) {
		snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
		write_file(path, map);
		snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
		write_file(path, map);
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	check(fd, path);
	check(write(go[1], &byte, 1), "write");
	waitpid(pid, NULL, 0);
	close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
	return fd;
}

static void become_user_root(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	check(unshare(CLONE_NEWUSER), "user namespace");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
}

static void park(const char *source, const char *at, int flags)
{
	int fd = open(at, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	check(fd, at);
	close(fd);
	check(mount(source, at, NULL, OLD_MS_BIND | flags, NULL), at);
}

static void make_template(const char *root)
{
	static const char *const dirs[] = { "lower", ".root", ".upper", "dev", "sys", "empty", "seen", "old" };
	static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
	const char *base = "/tmp";
	char source[64], at[64];
	int lower;

	check(unshare(CLONE_NEWNS), "mount namespace");
	check(mount(NULL, "/", NULL, OLD_MS_REC | OLD_MS_PRIVATE, NULL), "private");
	lower = open(root, O_PATH | O_CLOEXEC);
	check(lower, root);
	check(mount("tmpfs", base, "tmpfs", 0, "mode=755"), "tmpfs");
	check(chdir(base), base);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		check(mkdir(dirs[i], 0755), dirs[i]);
	snprintf(source, sizeof(source), "/proc/self/fd/%d", lower);
	check(mount(source, "lower", NULL, OLD_MS_BIND, NULL), "lower");
	check(mount("tmpfs", "dev", "tmpfs", 0, "mode=755,size=65536"), "dev");
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		snprintf(source, sizeof(source), "/dev/%s", nodes[i]);
		snprintf(at, sizeof(at), "dev/%s", nodes[i]);
		park(source, at, 0);
	}
	check(mkdir("dev/pts", 0755) | mkdir("dev/shm", 0755) | mkdir("dev/mqueue", 0755), "dev");
	park("/dev/null", "null", 0);
	check(mount("/sys", "sys", NULL, OLD_MS_BIND | OLD_MS_REC, NULL), "sys");
	/* an ordinary user may mount a procfs only where a whole one can be seen */
	if (rootless)
		check(mount("/proc", "seen", NULL, OLD_MS_BIND | OLD_MS_REC, NULL), "proc");
	check(syscall(SYS_pivot_root, ".", "old"), "pivot_root");
	check(umount2("/old", OLD_MNT_DETACH), "old");
	check(chdir("/"), "/");
}

static void read_filter(const char *path)
{
	static struct sock_filter code[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, code, sizeof(code));

	check(n, path);
	filter.len = (unsigned short)((size_t)n / sizeof(code[0]));
	filter.filter = code;
	close(fd);
}

static void prepare(const char *root, const char *seccomp)
{
	const char *map = "0 2000000000 65536";

	read_filter(seccomp);
	if (geteuid() != 0) {
		become_user_root();
		rootless = 1;
		map = "0 0 1";
	}
	netns = namespace_of(CLONE_NEWNET, "net", NULL);
	userns = namespace_of(CLONE_NEWUSER, "user", map);
	make_template(root);
}

static int64_t once(int (*child)(void *), void *arg, int flags)
{
	static _Alignas(16) char stack[256 * 1024];
	struct timespec from, to;
	int status;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &from);
	pid = clone(child, stack + sizeof(stack), flags | CLONE_VM | CLONE_VFORK | SIGCHLD, arg);
	check(pid, "clone");
	check(waitpid(pid, &status, 0), "waitpid");
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (status != 0)
		errx(1, "the command ended with status %#x", status);
	return (to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec);
}

int main(int argc, char **argv)
{
	int container = argc == 4 && strcmp(argv[1], "container") == 0;
	int flags = container ? CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP : 0;
	char byte;

	if (!container && (argc < 3 || strcmp(argv[1], "exec") != 0))
		errx(2, "usage: c-limit exec PROGRAM [ARG...] | container ROOT SECCOMP");
	if (container)
		prepare(argv[2], argv[3]);
	while (read(0, &byte, 1) == 1) {
		int64_t ns = container ? once(in_container, NULL, flags) : once(plain, argv + 2, 0);

		dprintf(1, "%lld\n", (long long)ns);
	}
	return 0;
}
