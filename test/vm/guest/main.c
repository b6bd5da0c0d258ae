#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

_Noreturn void guest_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

_Noreturn void guest_fail(const char *what)
{
	char line[600];
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	snprintf(line, sizeof(line), "<3>test machine: %s: %s\n", what, strerror(errno));
	if (write(fd < 0 ? STDERR_FILENO : fd, line, strlen(line)) < 0)
		_exit(125);
	guest_off();
}

static void hand_down_controllers(void)
{
	char *names = file_read("/sys/fs/cgroup/cgroup.controllers"), *save, word[64];

	for (char *name = names ? strtok_r(names, " \n", &save) : NULL; name; name = strtok_r(NULL, " \n", &save)) {
		snprintf(word, sizeof(word), "+%s", name);
		if (file_put("/sys/fs/cgroup/cgroup.subtree_control", word) < 0)
			guest_fail(name);
	}
	free(names);
}

static void report(const char *work, int code)
{
	char path[4096], text[16];
	int fd;

	snprintf(path, sizeof(path), "%s/code", work);
	snprintf(text, sizeof(text), "%d\n", code);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fsync(fd) < 0)
		guest_fail(path);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *given = getenv("TEST_WORK"); /* from the kernel's command line */
	char path[4096], *work;

	if (argc > 2 && !strcmp(argv[1], "-q"))
		return module_load_alias(argv[argc - 1]);
	if (getpid() != 1 || !given) {
		fprintf(stderr, "this is pid 1 of a test machine and nothing else\n");
		return 125;
	}
	work = strdup(given);
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	umask(022);
	/* the kernel may have mounted /dev itself */
	if (mount("proc", "/proc", "proc", 0, NULL) < 0 ||
	    (mount("dev", "/dev", "devtmpfs", 0, NULL) < 0 && errno != EBUSY))
		guest_fail("/proc, /dev");
	snprintf(path, sizeof(path), "%s/settings", work);
	settings_read(path);
	root_enter(work);
	/* this very program, so that whatever is mounted or asked for loads what it needs */
	snprintf(path, sizeof(path), "%s/init", work);
	if (file_put("/proc/sys/kernel/modprobe", path) < 0)
		guest_fail("modprobe");
	hand_down_controllers();
	report(work, command_run(work));
	guest_off();
}
