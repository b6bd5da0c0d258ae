/* Users and groups of the container, looked up in its own files, which are hostile. */
#ifndef CAISSON_USER_H
#define CAISSON_USER_H

#include <sys/types.h>

#include "failure.h"

struct user {
	uid_t uid;
	gid_t gid;
	char home[1024]; /* empty when not known */
};

/*
 * `uid`, `name`, `uid:gid`, `name:group`. Digits are a number, never a name, at most 2^32-2. A number that
 * /etc/passwd does not know has the group of the same number. -ENOENT, -EINVAL, or -errno of reading the file.
 */
int user_find(struct failure *f, const char *spec, struct user *u);

/* A group's number, from digits or /etc/group. */
int user_group(struct failure *f, const char *spec, gid_t *gid);

#endif
