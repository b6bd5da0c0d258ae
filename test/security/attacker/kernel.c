/* The kernel's own subsystems. What would change the host if it were let through has arguments that then fail. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "attacker.h"

/* The call alone, with arguments that a kernel which listens finds fault with. */
#define CALL(function, ...) \
	static int function(const char *arg) \
	{ \
		(void)arg; \
		return outcome(syscall(__VA_ARGS__)); \
	}

CALL(bpf_unknown, SYS_bpf, 9999, NULL, 0)
CALL(bpf_load, SYS_bpf, 5, NULL, 0)
CALL(perf, SYS_perf_event_open, NULL, 0, -1, -1, 0)
CALL(faults, SYS_userfaultfd, 0x7fffffff)
CALL(uring_setup, SYS_io_uring_setup, 0, NULL)
CALL(uring_enter, SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0)
CALL(uring_register, SYS_io_uring_register, -1, 0, NULL, 0)
CALL(aio_setup, SYS_io_setup, 0, NULL)
CALL(kexec, SYS_kexec_load, 0, 17, NULL, 0x80000000UL)
CALL(module_init, SYS_init_module, NULL, 0, NULL)
CALL(module_file, SYS_finit_module, -1, "", 0x80000000)
CALL(module_delete, SYS_delete_module, "caisson_has_no_such_module", O_NONBLOCK)
CALL(restart, SYS_reboot, 0, 0, 0, NULL)
CALL(clock_set, SYS_clock_settime, CLOCK_REALTIME, NULL)
CALL(day_set, SYS_settimeofday, NULL, (void *)1)
CALL(swap_on, SYS_swapon, "/caisson-has-no-such-file", 0)
CALL(swap_off, SYS_swapoff, "/caisson-has-no-such-file")
CALL(log_size, SYS_syslog, 10, NULL, 0)
CALL(log_bad, SYS_syslog, 99, NULL, 0)
CALL(key_add, SYS_add_key, "user", "caisson-test", "x", 1, -3)
CALL(key_request, SYS_request_key, "user", "caisson-test", NULL, -3)
CALL(key_session, SYS_keyctl, 0, -3, 1)
CALL(accounting, SYS_acct, "/caisson-has-no-such-file")
CALL(quota, SYS_quotactl, 0x800007 << 8, NULL, 0, NULL)
CALL(notify, SYS_fanotify_init, 0, O_RDONLY)
CALL(cookie, SYS_move_pages, 1, 0UL, NULL, NULL, NULL, 0)
#ifdef SYS_iopl
CALL(ports, SYS_iopl, 3)
CALL(port_range, SYS_ioperm, 0x378UL, 3UL, 1)
#endif

/* Adjusting is allowed to be asked for by the filter: the kernel must refuse. */
static int clock_adjust(const char *arg)
{
	struct timex t = { .modes = ADJ_TICK, .tick = 1 };

	(void)arg;
	return outcome(adjtimex(&t));
}

static int clock_read(const char *arg)
{
	struct timex t = { .modes = 0 };

	(void)arg;
	return outcome(adjtimex(&t));
}

static int open_read(const char *path)
{
	return try_open(path, O_RDONLY);
}

static void bpf(char **args)
{
	(void)args;
	attempt("a command that is none", bpf_unknown, NULL);
	attempt("load a program", bpf_load, NULL);
}

static void perf_idea(char **args)
{
	(void)args;
	attempt("open an event", perf, NULL);
}

static void userfaultfd(char **args)
{
	(void)args;
	attempt("userfaultfd", faults, NULL);
	attempt("/dev/userfaultfd", open_read, "/dev/userfaultfd");
}

static void io_uring(char **args)
{
	(void)args;
	attempt("set up a ring", uring_setup, NULL);
	attempt("enter a ring", uring_enter, NULL);
	attempt("register with a ring", uring_register, NULL);
	attempt("a context of the old kind", aio_setup, NULL);
}

static void kernel_code(char **args)
{
	(void)args;
	attempt("load another kernel", kexec, NULL);
	attempt("load a module", module_init, NULL);
	attempt("load a module by descriptor", module_file, NULL);
	attempt("remove a module", module_delete, NULL);
}

static void machine(char **args)
{
	(void)args;
	attempt("reboot", restart, NULL);
	attempt("swap on", swap_on, NULL);
	attempt("swap off", swap_off, NULL);
	attempt("process accounting", accounting, NULL);
	attempt("disk quotas", quota, NULL);
	attempt("watch all files", notify, NULL);
	attempt("move pages of pid 1", cookie, NULL);
#ifdef SYS_iopl
	attempt("all I/O ports", ports, NULL);
	attempt("some I/O ports", port_range, NULL);
#endif
}

static void clocks(char **args)
{
	(void)args;
	attempt("set the clock", clock_set, NULL);
	attempt("set the time of day", day_set, NULL);
	attempt("adjust the clock", clock_adjust, NULL);
	attempt("read the clock's state", clock_read, NULL);
	attempt("/dev/rtc0", open_read, "/dev/rtc0");
}

static void kernel_log(char **args)
{
	(void)args;
	attempt("size of the log", log_size, NULL);
	attempt("an action that is none", log_bad, NULL);
	attempt("/proc/kmsg", open_read, "/proc/kmsg");
	attempt("/dev/kmsg", open_read, "/dev/kmsg");
}

static void keyrings(char **args)
{
	(void)args;
	attempt("add a key", key_add, NULL);
	attempt("request a key", key_request, NULL);
	attempt("the session keyring", key_session, NULL);
}

const struct idea kernel_ideas[] = {
	{ "bpf", bpf }, { "perf", perf_idea }, { "userfaultfd", userfaultfd }, { "io-uring", io_uring },
	{ "kernel-code", kernel_code }, { "machine", machine }, { "clocks", clocks },
	{ "kernel-log", kernel_log }, { "keyrings", keyrings }, { NULL, NULL },
};
