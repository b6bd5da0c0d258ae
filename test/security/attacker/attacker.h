/* Attempts to get out of a container. Each runs in a child of its own and says in one line what it got. */
#ifndef ATTACKER_H
#define ATTACKER_H

#include <stddef.h>

/* 0: it got through. -errno: what the kernel said. */
typedef int (*attempt_fn)(const char *arg);

/*
 * Prints `name`, TAB, and `0`, an errno or `signal N`, in one line. The attempt has a process of its own, since some are
 * answered with its death, and 20 seconds.
 */
void attempt(const char *name, attempt_fn run, const char *arg);

/* What a call returned, as an attempt returns it. */
int outcome(long result);

/* Opens with these flags and closes again. */
int try_open(const char *path, int flags);

struct idea {
	const char *name;
	void (*run)(char **args); /* ended by NULL */
};

/* Each ended by one without a name. */
extern const struct idea architecture_ideas[], device_ideas[], exhaustion_ideas[], file_ideas[], inherited_ideas[],
	keeper_ideas[], kernel_ideas[], leavings_ideas[], mount_ideas[], namespace_ideas[], process_ideas[], root_ideas[], socket_ideas[], swap_ideas[], terminal_ideas[];

#endif
