/* The program goes on from a copy of itself that nobody can write to. */
#ifndef CAISSON_SEAL_H
#define CAISSON_SEAL_H

#include "failure.h"

/*
 * Returns 0 when this already is the copy; else executes it, and returns only on failure: -errno. A container can make
 * its pid 1 execute /proc/self/exe, by a link or the first line of a script, and then hold a descriptor of the file
 * behind it; were that the file on disk, its owner, who is root of an unprivileged container, could write to it once
 * this program has ended (CVE-2019-5736).
 */
int seal_self(struct failure *f, char **envp);

#endif
