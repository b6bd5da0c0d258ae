/* What a container did to a root that is a copy of its lowers (copied-root.h): found by comparing the two. */
#ifndef CAISSON_WHOLE_H
#define CAISSON_WHOLE_H

#include <stddef.h>
#include <sys/stat.h>

enum { LOWERS_MAX = 512, INODE_BUCKETS = 4096 };

struct inode;

struct whole {
	int root;		/* the copy */
	int lower[LOWERS_MAX];	/* the topmost first */
	size_t lowers;
	size_t firm;		/* so many of them do not change meanwhile, whatever their times say */
	struct stat mark;	/* of whole_open, as are inodes */
	struct inode *inodes[INODE_BUCKETS];	/* directories that were copied */
	int links;		/* 1: a file with several names that was touched at all counts as changed */
	int clockless;		/* set by whole_walk */
	void *to;
	/* New or not what it was; `dir` is the directory that it is in. was: NULL where there was nothing. 0 or -errno. */
	int (*found)(void *to, int dir, const char *path, const struct stat *st, const struct stat *was);
	/* No more there; a directory with all that was in it. */
	int (*gone)(void *to, const char *path, const struct stat *was);
};

/* Whether the directory <name> of an upper holds a copy of its lowers, and what is known of that. 1, 0 or -errno. */
int whole_open(struct whole *w, int upper, const char *name);

/* 0 or -errno, also what the functions said. */
int whole_walk(struct whole *w);

#endif
