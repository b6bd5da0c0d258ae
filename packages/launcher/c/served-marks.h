/*
 * What fuse-overlayfs leaves in its upper instead of the marks of overlays: whiteouts are devices 0:0 or files `.wh.NAME`, and a
 * directory with a file `.wh..wh..opq` hides what lies below it. It lets nobody make such names (EINVAL).
 */
#ifndef CAISSON_SERVED_MARKS_H
#define CAISSON_SERVED_MARKS_H

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The name that one of its whiteouts hides; "": another mark, NULL: a name like any other. */
static inline const char *served_mark(const char *name)
{
	if (strncmp(name, ".wh.", 4) != 0)
		return NULL;
	return name[4] == '.' && (!strcmp(name, ".wh..wh..opq") || !strcmp(name, ".wh..opq")) ? "" : name + 4;
}

/* Whether a directory of it hides what lies below. */
static inline int served_opaque(int dir)
{
	struct stat st;

	return fstatat(dir, ".wh..wh..opq", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

#endif
