// Runs the launcher in its own place and makes a system call of it, or of what it forks, fail. Its directory holds `plan`:
//
//   <launcher> <nr> <k> <errno> <programs>
//
// nr -1: the k-th call of all, counted from the launcher's first to that by which the last of so many programs is executed
// in containers; k 0: none. `supervisor` is the process that sees to it: with its end everything traced ends. Another nr: each call
// of that number, for as long as the launcher lives. The call does not happen, but for close(2): Linux gives the descriptor back
// whatever it answers, and a peer that waits for the end of a socket is not to wait for ever.
//
// When nothing is left of what was traced, `log` comes to be: a line for each call counted, `<process> <nr>`, an asterisk
// at those that failed. Commands of containers are let go when they are executed: what they do is not looked at.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
int main(void)
{
	return 69;
}
#else

enum { TRACEES = 4096, OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			       PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL };

static struct plan {
	char launcher[PATH_MAX];
	long nr, k;
	int err, programs;
} plan;

static struct tracee {
	pid_t pid;
	int ordinal, answer; /* errno that its call is to end with, or 0 */
} tracees[TRACEES];
static int ordinals, executed, started;
static long calls;
static pid_t leader;
static FILE *out;

static void die(const char *what)
{
	dprintf(2, "fault-injector: %s: %s\n", what, strerror(errno));
	_exit(70);
}

static struct tracee *find(pid_t pid)
{
	struct tracee *spare = NULL;

	for (int i = 0; i < TRACEES; i++) {
		if (tracees[i].pid == pid)
			return &tracees[i];
		if (!tracees[i].pid && !spare)
			spare = &tracees[i];
	}
	if (!spare)
		die("too many processes");
	*spare = (struct tracee){ .pid = pid, .ordinal = ordinals++ };
	return spare;
}

static int is_counting(void)
{
	return started && (plan.nr >= 0 || executed < plan.programs);
}

/* A process cannot fail to end, nor to return from a signal. */
static int can_fail(long nr)
{
	/* before main the C library calls these, and has nobody to tell but by ending */
	if (nr == SYS_arch_prctl || nr == SYS_set_tid_address)
		return 0;
	return nr != SYS_exit && nr != SYS_exit_group && nr != SYS_rt_sigreturn;
}

static void entered(struct tracee *t, long nr)
{
	struct user_regs_struct regs;
	int fails;

	if (!is_counting() || !can_fail(nr))
		return;
	calls++;
	fails = plan.nr >= 0 ? nr == plan.nr : calls == plan.k;
	if (plan.nr < 0 || fails)
		fprintf(out, "%d %ld%s\n", t->ordinal, nr, fails ? " *" : "");
	if (!fails)
		return;
	if (ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) < 0)
		return; /* it was killed meanwhile */
	if (nr != SYS_close)
		regs.orig_rax = (unsigned long long)-1;
	if (ptrace(PTRACE_SETREGS, t->pid, NULL, &regs) == 0)
		t->answer = plan.err;
}

static void left(struct tracee *t)
{
	struct user_regs_struct regs;

	if (t->answer && ptrace(PTRACE_GETREGS, t->pid, NULL, &regs) == 0) {
		regs.rax = (unsigned long long)-(long long)t->answer;
		ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
	}
	t->answer = 0;
}

static void at_call(struct tracee *t)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, (void *)sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		entered(t, (long)info.entry.nr);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		left(t);
}

static void stopped(struct tracee *t, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16, deliver = 0;

	if (event == PTRACE_EVENT_EXEC && t->pid != leader) {
		executed++;
		if (ptrace(PTRACE_DETACH, t->pid, NULL, NULL) == 0)
			t->pid = 0;
		return;
	}
	if (event == PTRACE_EVENT_EXEC)
		started = 1;
	else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		ptrace(PTRACE_LISTEN, t->pid, NULL, NULL);
		return;
	} else if (signal == (SIGTRAP | 0x80))
		at_call(t);
	else if (!event)
		deliver = signal;
	int how = is_counting() || t->answer || !started ? PTRACE_SYSCALL : PTRACE_CONT;
	ptrace((enum __ptrace_request)how, t->pid, NULL, (void *)(intptr_t)deliver);
}

static void trace(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid < 0)
			continue;
		struct tracee *t = find(pid);
		if (WIFSTOPPED(status))
			stopped(t, status);
		else
			t->pid = 0;
	}
}

static void drop_descriptors(int keep)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int fd = atoi(e->d_name);
		if (e->d_name[0] != '.' && fd != keep && fd != dirfd(d) && fd != 2)
			close(fd);
	}
	if (d)
		closedir(d);
}

/* A process of its own, and nobody's child: the launcher must see no more children than it made. */
static void supervise(int go, const char *place)
{
	char from[PATH_MAX], to[PATH_MAX], pid[PATH_MAX];
	int status;

	setsid();
	drop_descriptors(go);
	snprintf(from, sizeof(from), "%.4000s/log.part", place);
	snprintf(to, sizeof(to), "%.4000s/log", place);
	snprintf(pid, sizeof(pid), "%.4000s/supervisor", place);
	out = fopen(pid, "we");
	if (!out || fprintf(out, "%d", getpid()) < 0 || fclose(out) != 0)
		die(pid);
	out = fopen(from, "we");
	if (!out)
		die(from);
	if (ptrace(PTRACE_SEIZE, leader, NULL, (void *)(uintptr_t)OPTIONS) < 0)
		die("PTRACE_SEIZE");
	if (ptrace(PTRACE_INTERRUPT, leader, NULL, NULL) < 0 || waitpid(leader, &status, __WALL) != leader)
		die("PTRACE_INTERRUPT");
	find(leader);
	if (ptrace(PTRACE_SYSCALL, leader, NULL, NULL) < 0 || write(go, "g", 1) != 1)
		die("go");
	close(go);
	close(2);
	trace();
	if (fclose(out) == 0)
		rename(from, to);
}

static void read_plan(const char *place)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%.4000s/plan", place);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%4095s %ld %ld %d %d", plan.launcher, &plan.nr, &plan.k, &plan.err, &plan.programs) != 5)
		die(path);
	fclose(f);
}

int main(int argc, char **argv)
{
	char place[PATH_MAX], go;
	int pair[2];
	pid_t middle;

	(void)argc;
	snprintf(place, sizeof(place), "%.4000s", argv[0]);
	if (!strrchr(place, '/'))
		return 64;
	*strrchr(place, '/') = 0;
	read_plan(place);
	leader = getpid();
	if (pipe2(pair, O_CLOEXEC) < 0)
		die("pipe");
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	middle = fork();
	if (middle == 0) {
		if (fork() == 0)
			supervise(pair[1], place);
		_exit(0);
	}
	close(pair[1]);
	waitpid(middle, NULL, 0);
	if (read(pair[0], &go, 1) != 1)
		die("no supervisor");
	close(pair[0]);
	argv[0] = plan.launcher;
	execv(plan.launcher, argv);
	die(plan.launcher);
}
#endif
