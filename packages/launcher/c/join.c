#include "join.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sys.h"

static size_t directories(const struct step *st)
{
	return st->op == OP_GROUP && st->f[GROUP_INTO].len ? 1 : 0;
}

static size_t tasks(const struct step *st)
{
	if (st->op == OP_CGROUP)
		return (size_t)st->f[CGROUP_TASKS].num;
	return st->op == OP_GROUP ? (size_t)st->f[GROUP_TASKS].num : 0;
}

size_t join_count(const struct step_list *own)
{
	size_t n = 0;

	for (size_t i = 0; i < own->n; i++)
		n += directories(&own->step[i]) + tasks(&own->step[i]);
	return n;
}

static int join_one(struct failure *f, const struct step *st, const int *fds)
{
	const struct field *names = &st->f[st->op == OP_CGROUP ? CGROUP_TASKS : GROUP_TASKS];
	size_t at = 0;

	for (uint64_t i = 0; i < names->num; i++) {
		const char *name = next_text(names, &at);

		if (write(fds[i], "0", 1) < 0)
			return fail(f, "write", name);
	}
	return 0;
}

int join_tasks(struct failure *f, const struct step_list *own, const int *groups, enum step_op op)
{
	for (size_t i = 0; i < own->n; i++) {
		const struct step *st = &own->step[i];

		groups += directories(st);
		if (st->op == op && join_one(f, st, groups) < 0) {
			f->step = (uint32_t)i;
			f->op = op;
			return -f->err;
		}
		groups += tasks(st);
	}
	return 0;
}

int join_directory(const struct step_list *own, const int *groups)
{
	int last = -1;

	for (size_t i = 0; i < own->n; i++) {
		if (directories(&own->step[i]))
			last = *groups;
		groups += directories(&own->step[i]) + tasks(&own->step[i]);
	}
	return last;
}

/* In assembly, since the child comes back from the system call on another stack, where nothing is to return to. */
static long clone_and_call(struct clone_args *args, int (*fn)(void *), void *arg)
{
#if defined(__x86_64__)
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %[arg], %%rdi\n\t"
			 "call *%[fn]\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret)
			 : "0"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)), [fn] "r"(fn), [arg] "r"(arg)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);
	register long x8 __asm__("x8") = SYS_clone3;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, %[arg]\n\t"
			 "blr %[fn]\n\t"
			 "brk 1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x1), "r"(x8), [fn] "r"(fn), [arg] "r"(arg)
			 : "memory");
	return x0;
#else
	(void)args, (void)fn, (void)arg;
	return -ENOSYS;
#endif
}

pid_t join_clone(int directory, int (*fn)(void *), void *arg, void *stack, size_t size)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)stack,
		.stack_size = size,
		.cgroup = (uint64_t)(unsigned int)directory,
	};
	long pid = clone_and_call(&args, fn, arg);

	if (pid >= 0)
		return (pid_t)pid;
	errno = (int)-pid;
	return -1;
}
