/* Other ways into the kernel than the native one, by which a filter could be passed. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attacker.h"

#ifdef __x86_64__
static long by_interrupt(long nr, long a, long b)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static int i386_getpid(const char *arg)
{
	long result = by_interrupt(20, 0, 0);

	(void)arg;
	return result < 0 ? (int)result : 0;
}

/* socketcall: its arguments are in memory, where no filter sees the family. */
static int i386_socket(const char *arg)
{
	long result = by_interrupt(102, 1, 0);

	(void)arg;
	return result < 0 ? (int)result : 0;
}

static int x32_getpid(const char *arg)
{
	(void)arg;
	return outcome(syscall(0x40000000L | 39));
}

static int x32_ptrace(const char *arg)
{
	(void)arg;
	return outcome(syscall(0x40000000L | 521, 0L, 0L, 0L, 0L));
}
#endif

static int becomes(const char *persona)
{
	return outcome(syscall(SYS_personality, strtoul(persona, NULL, 16)));
}

static int unknown(const char *nr)
{
	return outcome(syscall(atol(nr)));
}

static void architectures(char **args)
{
	(void)args;
#ifdef __x86_64__
	attempt("int 0x80 getpid", i386_getpid, NULL);
	attempt("int 0x80 socketcall", i386_socket, NULL);
	attempt("x32 getpid", x32_getpid, NULL);
	attempt("x32 ptrace", x32_ptrace, NULL);
#endif
	attempt("a number beyond the table", unknown, "5000");
	attempt("the number -1", unknown, "-1");
}

static void personality(char **args)
{
	(void)args;
	attempt("no randomized addresses", becomes, "40000");
	attempt("executable data", becomes, "400000");
	attempt("page 0 mapped", becomes, "100000");
	attempt("Linux", becomes, "0");
	attempt("only ask", becomes, "ffffffff");
}

const struct idea architecture_ideas[] = {
	{ "architectures", architectures }, { "personality", personality }, { NULL, NULL },
};
