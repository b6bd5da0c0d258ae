/* Swaps two names for ever, without an instant in which either is missing: the other side of a race. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attacker.h"

enum { EXCHANGE = 2 };

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* Two paths. Says `ready`, and at SIGTERM how often it was done. */
static void swap(char **paths)
{
	unsigned long swaps = 0;

	signal(SIGTERM, end);
	puts("ready");
	fflush(stdout);
	while (!ended && syscall(SYS_renameat2, AT_FDCWD, paths[0], AT_FDCWD, paths[1], EXCHANGE) == 0)
		swaps++;
	printf("swaps\t%lu\n", swaps);
}

const struct idea swap_ideas[] = { { "swap", swap }, { NULL, NULL } };
