#include "process.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/capability.h>
#include <linux/filter.h>

#include "join.h"
#include "landlock.h"
#include "scoped.h"
#include "sys.h"
#include "tree.h"
#include "user.h"
#include "wire.h"

enum { GROUPS_MAX = 64, CAP_BITS = 64, PROGRAM_MAX = 4096, STACK_SIZE = 256 << 10 };

/* What the child needs; prepared before the clone, since it must not allocate. */
struct become {
	struct process *p;
	char **argv, **envp;
	size_t env_n;
	int has_home;
	char home[1024 + 8];
};

static int step_rlimit(struct failure *f, const struct step *st)
{
	struct rlimit lim = {
		.rlim_cur = (rlim_t)st->f[RLIMIT_SOFT].num,
		.rlim_max = (rlim_t)st->f[RLIMIT_HARD].num,
	};
	/* raw: musl's prlimit would also do, but its constants differ for "unlimited" */
	if (syscall(SYS_prlimit64, 0, (int)st->f[RLIMIT_RESOURCE].num, &lim, NULL) < 0)
		return fail(f, "prlimit64", "resource limit");
	return 0;
}

static int step_bounding(struct failure *f, uint64_t keep)
{
	for (unsigned long cap = 0; cap < CAP_BITS; cap++) {
		if (keep >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			int err = errno;

			if (err == EINVAL && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
				break; /* past the kernel's last capability */
			return fail_with(f, err, "prctl", "PR_CAPBSET_DROP");
		}
	}
	/* or the change of user would empty the permitted set before `capabilities` can choose from it */
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? fail(f, "prctl", "PR_SET_KEEPCAPS") : 0;
}

static int step_session(struct process *p)
{
	if (setsid() < 0)
		return fail(&p->failure, "setsid", "session");
	return p->terminal && ioctl(0, TIOCSCTTY, 0) < 0 ? fail(&p->failure, "ioctl", "TIOCSCTTY") : 0;
}

static int step_user(struct become *b, const struct step *st)
{
	struct failure *f = &b->p->failure;
	const char *spec = text(&st->f[USER_USER]);
	const struct field *names = &st->f[USER_GROUPS];
	static gid_t groups[GROUPS_MAX];
	static struct user u;
	size_t at = 0;

	if (user_find(f, spec, &u) < 0)
		return -f->err;
	if (names->num > GROUPS_MAX)
		return fail_with(f, EINVAL, "setgroups", "too many groups");
	for (uint64_t i = 0; i < names->num; i++)
		if (user_group(f, next_text(names, &at), &groups[i]) < 0)
			return -f->err;
	/* /dev/tty and its name are opened anew by the user's rights */
	if (b->p->terminal && fchown(0, u.uid, (gid_t)-1) < 0)
		return fail(f, "fchown", "terminal");
	/* groups, then group, then user: each takes away the right to do the one before */
	if (st->f[USER_SETGROUPS].num &&
	    syscall(SYS_setgroups, (size_t)names->num, groups) < 0)
		return fail(f, "setgroups", spec);
	if (syscall(SYS_setresgid, u.gid, u.gid, u.gid) < 0)
		return fail(f, "setresgid", spec);
	if (syscall(SYS_setresuid, u.uid, u.uid, u.uid) < 0)
		return fail(f, "setresuid", spec);
	if (!b->has_home) {
		const char *home = u.home[0] ? u.home : "/";

		memcpy(b->home, "HOME=", 5);
		memcpy(b->home + 5, home, strlen(home) + 1);
		b->envp[b->env_n] = b->home;
	}
	return 0;
}

static int step_capabilities(struct failure *f, const struct step *st)
{
	uint64_t set[] = { st->f[CAPABILITIES_EFFECTIVE].num, st->f[CAPABILITIES_PERMITTED].num,
			   st->f[CAPABILITIES_INHERITABLE].num };
	uint64_t ambient = st->f[CAPABILITIES_AMBIENT].num;
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(set[0] >> (32 * i));
		data[i].permitted = (uint32_t)(set[1] >> (32 * i));
		data[i].inheritable = (uint32_t)(set[2] >> (32 * i));
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return fail(f, "capset", "capabilities");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return fail(f, "prctl", "PR_CAP_AMBIENT_CLEAR_ALL");
	for (unsigned long cap = 0; cap < CAP_BITS; cap++)
		if ((ambient >> cap & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return fail(f, "prctl", "PR_CAP_AMBIENT_RAISE");
	return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ? fail(f, "prctl", "PR_SET_KEEPCAPS") : 0;
}

static int step_cwd(struct failure *f, const char *path)
{
	static char real[4096];

	if (chdir(path) < 0)
		return fail(f, "chdir", path);
	/* outside the root the kernel answers "(unreachable)/...": then a leaked descriptor was the way (CVE-2024-21626) */
	if (syscall(SYS_getcwd, real, sizeof(real)) < 0)
		return fail(f, "getcwd", path);
	return real[0] == '/' ? 0 : fail_with(f, EXDEV, "getcwd", path);
}

static int step_seccomp(struct failure *f, const struct step *st)
{
	static struct sock_filter filter[PROGRAM_MAX];
	const struct field *program = &st->f[SECCOMP_PROGRAM];
	struct sock_fprog prog = { .filter = filter };
	unsigned long flags = st->f[SECCOMP_FLAGS].num;

	if (!program->len || program->len % sizeof(*filter) || program->len > sizeof(filter))
		return fail_with(f, EINVAL, "seccomp", "size of the program");
	if (flags & ~(2UL | 4UL)) /* LOG and SPEC_ALLOW; a listener or TSYNC is not ours to give */
		return fail_with(f, EINVAL, "seccomp", "flags");
	memcpy(filter, program->ptr, program->len);
	prog.len = (unsigned short)(program->len / sizeof(*filter));
	return syscall(SYS_seccomp, 1, flags, &prog) < 0 ? fail(f, "seccomp", "filter") : 0;
}

static int run_step(struct become *b, const struct step *st)
{
	struct failure *f = &b->p->failure;

	switch (st->op) {
	case OP_SESSION:
		return step_session(b->p);
	case OP_TERMINAL:
	case OP_INIT:
	case OP_GROUP:
		return 0; /* done by pid 1, before */
	case OP_RLIMIT:
		return step_rlimit(f, st);
	case OP_UMASK:
		umask((mode_t)st->f[UMASK_MASK].num & 0777);
		return 0;
	case OP_BOUNDING:
		return step_bounding(f, st->f[BOUNDING_KEEP].num);
	case OP_USER:
		return step_user(b, st);
	case OP_CAPABILITIES:
		return step_capabilities(f, st);
	case OP_NO_NEW_PRIVILEGES:
		return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? fail(f, "prctl", "PR_SET_NO_NEW_PRIVS") : 0;
	case OP_CWD:
		return step_cwd(f, text(&st->f[CWD_PATH]));
	case OP_LANDLOCK:
		return landlock_restrict(f, st);
	case OP_SECCOMP:
		return step_seccomp(f, st);
	default:
		return fail_with(f, EINVAL, "step", "not a process step");
	}
}

static int run_steps(struct become *b, const struct step_list *l)
{
	for (size_t i = 0; l && i < l->n; i++) {
		if (!(l->step[i].context & IN_PROCESS) || l->step[i].op == OP_EXEC)
			continue;
		b->p->failure.step = (uint32_t)i;
		b->p->failure.op = l->step[i].op;
		if (run_step(b, &l->step[i]) < 0)
			return -b->p->failure.err;
	}
	return 0;
}

/* /dev/null of the container if it is the real one, else the host's, which is our own standard input. */
static int null_device(void)
{
	struct stat st;
	int fd = open("/dev/null", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return fd;
	if (fd >= 0)
		close(fd);
	return 0;
}

static int set_stdio(struct process *p)
{
	int want[] = { p->in, p->out, p->err };
	int null = -1;

	for (int i = 0; i < 3; i++) {
		if (want[i] >= 0)
			continue;
		if (null < 0)
			null = null_device();
		want[i] = null;
	}
	/* 0 last: it may be the source of the others */
	for (int i = 2; i >= 0; i--)
		if (want[i] != i && dup2(want[i], i) < 0)
			return fail(&p->failure, "dup2", "standard streams");
	/* a socket cannot be executed nor be a working directory, so that this one may wait for execve to close it */
	if (p->sock >= 0) {
		if (p->sock != 3 && dup3(p->sock, 3, O_CLOEXEC) < 0)
			return fail(&p->failure, "dup3", "socket");
		p->sock = 3;
	}
	/*
	 * Really close the rest, now: close-on-exec would leave them open while execve resolves a path through
	 * /proc/self/fd (CVE-2024-21626), and a filter may deny close_range later.
	 */
	return sys_close_range(p->sock < 0 ? 3 : 4, ~0U) < 0 ? fail(&p->failure, "close_range", "descriptors") : 0;
}

/* After execve: whether it is there itself, and what it names in its first line or as its loader is not. */
static int lacks_interpreter(const char *path)
{
	int err = errno;
	int is = err == ENOENT && faccessat(AT_FDCWD, path, X_OK, 0) == 0;

	errno = err;
	return is;
}

static int not_executed(struct failure *f, const char *path)
{
	return fail(f, lacks_interpreter(path) ? "execve(interpreter)" : "execve", path);
}

/* The name as it is if it has a slash, else along PATH of the new environment. Returns only on failure. */
static int run_exec(struct become *b)
{
	struct failure *f = &b->p->failure;
	const char *name = b->argv[0], *path = "/usr/bin:/bin";
	static char full[4096];
	int denied = 0;

	if (strchr(name, '/')) {
		execve(name, b->argv, b->envp);
		return not_executed(f, name);
	}
	for (size_t i = 0; b->envp[i]; i++)
		if (!strncmp(b->envp[i], "PATH=", 5))
			path = b->envp[i] + 5;
	while (*name && *path) {
		size_t n = strcspn(path, ":");

		/* relative and empty parts would search the working directory */
		if (*path == '/' && n + strlen(name) + 2 <= sizeof(full)) {
			memcpy(full, path, n);
			full[n] = '/';
			memcpy(full + n + 1, name, strlen(name) + 1);
			execve(full, b->argv, b->envp);
			if (errno == EACCES)
				denied = 1;
			else if ((errno != ENOENT && errno != ENOTDIR) || lacks_interpreter(full))
				return not_executed(f, full);
		}
		path += n + (path[n] == ':');
	}
	return fail_with(f, denied ? EACCES : ENOENT, "execve", name);
}

/* Pid 1 lost its tie to the launcher by the change of user, and it must not outlive it: ties it anew. */
static int tie(struct process *p)
{
	char byte;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail(&p->failure, "prctl", "PR_SET_PDEATHSIG");
	if (recv(p->sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		_exit(1);
	return 0;
}

static void attempt(struct become *b)
{
	struct process *p = b->p;
	sigset_t none;

	sigemptyset(&none);
	if (signal(SIGPIPE, SIG_DFL) == SIG_ERR)
		fail(&p->failure, "rt_sigaction", "SIGPIPE");
	if (p->failure.err || join_tasks(&p->failure, p->own, p->groups, OP_GROUP) < 0)
		return;
	p->failure.step = NONE;
	p->failure.op = 0;
	/* after it has joined: a namespace's root is the group that its first process is in */
	if (p->proc >= 0 ? !(p->tag = tree_tag(p->proc)) : p->grouped && unshare(CLONE_NEWCGROUP) < 0)
		fail(&p->failure, "unshare", "cgroup namespace");
	if (!p->failure.err && set_stdio(p) == 0 && run_steps(b, p->own) == 0 && run_steps(b, p->plan) == 0) {
		p->failure.step = NONE;
		p->failure.op = OP_EXEC;
		if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
			fail(&p->failure, "rt_sigprocmask", "SIG_SETMASK");
		else if (p->sock < 0 || tie(p) == 0)
			run_exec(b);
	}
}

static int become(void *arg)
{
	attempt(arg);
	_exit(127);
}

static char **strings(const struct field *list, size_t spare)
{
	char **all = must_realloc(NULL, (list->num + spare + 1) * sizeof(*all));
	size_t at = 0;

	for (uint64_t i = 0; i < list->num; i++)
		all[i] = (char *)(uintptr_t)next_text(list, &at);
	memset(all + list->num, 0, (spare + 1) * sizeof(*all));
	return all;
}

static int prepare(struct become *b, struct process *p)
{
	const struct step *exec = steps_find(p->own, OP_EXEC);

	memset(b, 0, sizeof(*b));
	memset(&p->failure, 0, sizeof(p->failure));
	b->p = p;
	if (!exec || !exec->f[EXEC_ARGV].num)
		return fail_with(&p->failure, EINVAL, "execve", "no command");
	b->argv = strings(&exec->f[EXEC_ARGV], 0);
	b->envp = strings(&exec->f[EXEC_ENV], 1);
	b->env_n = (size_t)exec->f[EXEC_ENV].num;
	for (size_t i = 0; i < b->env_n; i++)
		b->has_home |= !strncmp(b->envp[i], "HOME=", 5);
	return 0;
}

void process_become(struct process *p)
{
	struct become b;

	if (prepare(&b, p) == 0)
		attempt(&b);
}

pid_t process_start(struct process *p)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	int group = join_directory(p->own, p->groups);
	struct become b;
	pid_t pid;

	if (prepare(&b, p) < 0)
		return -p->failure.err;
	if (group < 0)
		pid = clone(become, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &b);
	else
		pid = join_clone(group, become, &b, stack, sizeof(stack));
	if (pid < 0 && group >= 0)
		p->failure.op = OP_GROUP;
	if (pid < 0)
		fail(&p->failure, group < 0 ? "clone" : "clone3", "process");
	free(b.argv);
	free(b.envp);
	return p->failure.err ? -p->failure.err : pid;
}
