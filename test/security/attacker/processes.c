/* Other processes: tracing and signalling them, and taking more than a share. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attacker.h"

static pid_t pid_of(const char *text)
{
	return (pid_t)atoi(text);
}

static int attach(const char *pid)
{
	return outcome(ptrace(PTRACE_ATTACH, pid_of(pid), NULL, NULL));
}

static int seize(const char *pid)
{
	return outcome(ptrace(PTRACE_SEIZE, pid_of(pid), NULL, NULL));
}

static int read_memory(const char *pid)
{
	char byte;
	struct iovec mine = { &byte, 1 }, theirs = { (void *)0x400000, 1 };

	return outcome(process_vm_readv(pid_of(pid), &mine, 1, &theirs, 1, 0));
}

static int take_descriptor(const char *pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid_of(pid), 0);

	return fd < 0 ? -errno : outcome(syscall(SYS_pidfd_getfd, fd, 0, 0));
}

static int take_from_nobody(const char *arg)
{
	(void)arg;
	return outcome(syscall(SYS_pidfd_getfd, -1, 0, 0));
}

static int compare(const char *arg)
{
	(void)arg;
	return outcome(syscall(SYS_kcmp, 1, getpid(), 0, 0, 0));
}

static int trace_child(const char *arg)
{
	pid_t pid = fork();
	int err;

	(void)arg;
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	err = outcome(ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	kill(pid, SIGKILL);
	return err;
}

static void ptrace_outside(char **outside)
{
	for (; *outside; outside++) {
		attempt("attach to a process outside", attach, *outside);
		attempt("read memory of a process outside", read_memory, *outside);
		attempt("take a descriptor of a process outside", take_descriptor, *outside);
	}
}

static void ptrace_init(char **args)
{
	(void)args;
	attempt("attach to pid 1", attach, "1");
	attempt("seize pid 1", seize, "1");
	attempt("read memory of pid 1", read_memory, "1");
	attempt("take a descriptor of pid 1", take_descriptor, "1");
	attempt("take a descriptor of nobody", take_from_nobody, NULL);
	attempt("compare with pid 1", compare, NULL);
	attempt("attach to an own child", trace_child, NULL);
}

static int probe(const char *pid)
{
	return outcome(kill(pid_of(pid), 0));
}

static int thread(const char *pid)
{
	return outcome(syscall(SYS_tgkill, pid_of(pid), pid_of(pid), 0));
}

static int queue(const char *pid)
{
	union sigval value = { .sival_int = 0 };

	return outcome(sigqueue(pid_of(pid), 0, value));
}

static int by_pidfd(const char *pid)
{
	return outcome(syscall(SYS_pidfd_open, pid_of(pid), 0));
}

/* Somebody else would be sent the signal when the pipe can be read. */
static int by_owner(const char *pid)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	return outcome(fcntl(ends[0], F_SETOWN, pid_of(pid)));
}

static int priority_of(const char *pid)
{
	errno = 0;
	return getpriority(PRIO_PROCESS, (id_t)pid_of(pid)) == -1 && errno ? -errno : 0;
}

static int limits_of(const char *pid)
{
	struct rlimit lim;

	return outcome(syscall(SYS_prlimit64, pid_of(pid), RLIMIT_NOFILE, NULL, &lim));
}

static int kill_init(const char *signal)
{
	if (kill(1, atoi(signal)) < 0)
		return -errno;
	/* the kernel drops what pid 1 does not handle; dead, it would take us along */
	usleep(20000);
	return kill(1, 0) < 0 ? 0 : -EPERM;
}

static void signals(char **args)
{
	(void)args;
	attempt("kill pid 1", kill_init, "9");
	attempt("terminate pid 1", kill_init, "15");
	attempt("stop pid 1", kill_init, "19");
	attempt("signal itself", probe, "0");
}

static void signals_outside(char **outside)
{
	for (; *outside; outside++) {
		attempt("signal a process outside", probe, *outside);
		attempt("signal a thread outside", thread, *outside);
		attempt("queue a signal outside", queue, *outside);
		attempt("pidfd of a process outside", by_pidfd, *outside);
		attempt("have the kernel signal a process outside", by_owner, *outside);
		attempt("priority of a process outside", priority_of, *outside);
		attempt("limits of a process outside", limits_of, *outside);
	}
}

static int raise_limit(const char *resource)
{
	struct rlimit lim;
	int which = atoi(resource);

	if (getrlimit(which, &lim) < 0)
		return -errno;
	if (lim.rlim_max == RLIM_INFINITY)
		return -ENODATA;
	lim.rlim_max++;
	return outcome(setrlimit(which, &lim));
}

static int lower_limit(const char *arg)
{
	struct rlimit lim;

	(void)arg;
	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return -errno;
	lim.rlim_cur = lim.rlim_max = lim.rlim_max - 1;
	return outcome(setrlimit(RLIMIT_NOFILE, &lim));
}

static int nicer(const char *arg)
{
	(void)arg;
	return outcome(setpriority(PRIO_PROCESS, 0, -20));
}

static int real_time(const char *arg)
{
	struct sched_param param = { .sched_priority = 1 };

	(void)arg;
	return outcome(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param));
}

static int deadline(const char *arg)
{
	struct {
		unsigned int size, policy;
		unsigned long long flags;
		int nice;
		unsigned int priority;
		unsigned long long runtime, deadline, period;
	} attr = { 48, 6, 0, 0, 0, 10000000, 30000000, 30000000 };

	(void)arg;
	return outcome(syscall(SYS_sched_setattr, 0, &attr, 0));
}

static int disk_real_time(const char *arg)
{
	(void)arg;
	return outcome(syscall(SYS_ioprio_set, 1, 0, 1 << 13));
}

static int timers(const char *arg)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	timer_t id;

	(void)arg;
	for (long i = 0; i < 300000; i++)
		if (timer_create(CLOCK_MONOTONIC, &event, &id) < 0)
			return -errno;
	return 0;
}

static int lock_memory(const char *arg)
{
	struct rlimit lim;
	void *at;

	(void)arg;
	if (getrlimit(RLIMIT_MEMLOCK, &lim) < 0)
		return -errno;
	if (lim.rlim_max == RLIM_INFINITY || lim.rlim_max > 64UL << 20)
		return -ENODATA;
	at = malloc((size_t)lim.rlim_max + (1 << 20));
	return at ? outcome(syscall(SYS_mlock, at, (size_t)lim.rlim_max + (1 << 20))) : -errno;
}

static void priorities(char **args)
{
	(void)args;
	attempt("raise the limit of open files", raise_limit, "7");
	attempt("raise the limit of queued bytes", raise_limit, "12");
	attempt("raise the limit of pending signals", raise_limit, "11");
	attempt("raise the limit of locked memory", raise_limit, "8");
	attempt("lower the limit of open files", lower_limit, NULL);
	attempt("a higher priority", nicer, NULL);
	attempt("a real-time priority", real_time, NULL);
	attempt("a deadline", deadline, NULL);
	attempt("a real-time priority on disk", disk_real_time, NULL);
	attempt("timers without end", timers, NULL);
	attempt("lock more memory than the limit", lock_memory, NULL);
}

static int set_score(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : outcome(write(fd, "-1000", 5));
}

static int raise_score(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : outcome(write(fd, "1000", 4));
}

static void oom_score(char **args)
{
	(void)args;
	attempt("lower the own score", set_score, "/proc/self/oom_score_adj");
	attempt("lower the own score by its old file", set_score, "/proc/self/oom_adj");
	attempt("lower the score of pid 1", set_score, "/proc/1/oom_score_adj");
	attempt("raise the own score", raise_score, "/proc/self/oom_score_adj");
}

const struct idea process_ideas[] = {
	{ "ptrace", ptrace_init }, { "ptrace-outside", ptrace_outside }, { "signals", signals },
	{ "signals-outside", signals_outside }, { "priorities", priorities }, { "oom-score", oom_score },
	{ NULL, NULL },
};
