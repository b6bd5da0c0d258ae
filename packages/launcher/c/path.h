/* Paths inside a hostile root: resolved by the kernel below a descriptor, never joined as strings. */
#ifndef CAISSON_PATH_H
#define CAISSON_PATH_H

#include <stdint.h>
#include <sys/types.h>

#include "failure.h"

/* Opens `path` below `base`; links, also absolute ones, stay inside. -errno. */
int path_in(int base, const char *path, uint64_t flags, uint64_t resolve);

/*
 * O_PATH descriptor of `path` below `base`; links, also absolute ones, stay inside. A path of one component (/proc,
 * /dev) may not be a link at all. Returns it or -errno, noted.
 */
int path_open(struct failure *f, int base, const char *path);

/* The same without a note, for callers to whom absence is fine. -errno. */
int path_try(int base, const char *path);

struct owner {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Makes a directory and those above it that are missing, each owned as said. An existing directory stays as it is. */
int path_mkdir(struct failure *f, int base, const char *path, struct owner o);

enum { PATH_ROOM = 4096 };

/*
 * Copies `path` to `out` (PATH_ROOM bytes), with links that lead nowhere yet replaced by what they name, below `base`: what
 * is to be made there is made at their ends. Distributions have such links: /var/run, /etc/resolv.conf.
 */
int path_settle(struct failure *f, int base, const char *path, char *out);

/* Opens the directory that holds the last component, and copies that component to name (256 bytes). */
int path_parent(struct failure *f, int base, const char *path, char *name);

#endif
