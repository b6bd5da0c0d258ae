/*
 * The file server: a worker that lives inside a container's root, or a directory of the host, and does what is asked of it,
 * one request at a time.
 */
#ifndef CAISSON_FILES_H
#define CAISSON_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "decode.h"
#include "path.h"

/* In a request's type: it is not answered. */
#define FILE_UNANSWERED 0x80000000U

enum { FILE_SLOTS = 256, FILE_WALKS = 16, FILE_CHUNK = 256 << 10, FILE_FOUND_MAX = 136 << 10 };

struct walk;

struct files {
	int root;
	int output;		/* outside of it, write only, what `copy` is for; or -1 */
	int fds;		/* /proc/self/fd: the way from what was found to what is opened, with no path between */
	int notify;		/* inotify, or -1 */
	int slot[FILE_SLOTS];	/* numbered by the client; -1: free */
	struct walk *walk[FILE_WALKS];	/* likewise; NULL: free */
	int parent;		/* found for the last entry made, or -1; no longer than requests come that are not answered */
	char parent_path[PATH_ROOM]; /* up to its slash; empty: none */
	uint32_t done;		/* of those, since the last settle */
	int failed;		/* 0, or -errno of the one after them */
	size_t size;		/* of the answer */
	unsigned char answer[FILE_CHUNK];
};

/* Parts of requests. Each gives 0 or -errno, if it can fail. */
int file_open(struct files *s, const struct field *a);
int file_read(struct files *s, const struct field *a);
int file_write(struct files *s, const struct field *a);
int file_close(struct files *s, const struct field *a);
int file_list(struct files *s, const struct field *a);
int file_stat(struct files *s, const struct field *a);
int file_make(struct files *s, const struct field *a);
int file_get(struct files *s, const struct field *a);
int file_set_xattr(struct files *s, const struct field *a);
int file_write_at(struct files *s, const struct field *a);
int file_seek(struct files *s, const struct field *a);
int file_copy(struct files *s, const struct field *a);
int file_sync(struct files *s);
int file_space(struct files *s);
int file_walk(struct files *s, const struct field *a);
int file_next(struct files *s, const struct field *a);
int file_end_walk(struct files *s, const struct field *a);
int file_link(struct files *s, const char *from, int dir, const char *name);

/* Which system calls a server may make from now on. 0 or -errno. */
int file_guard(void);

/* The descriptor in a slot, or -EBADF. */
int file_slot(const struct files *s, const struct field *number);
/* Finds the directory of a new entry, which s keeps, and copies the last component to name (256 bytes). */
int file_parent(struct files *s, const char *path, char *name);
void file_forget_parent(struct files *s);
/* A descriptor's name in s->fds. */
void file_name(char name[12], int fd);
/* From what was found to what can be read or written: a descriptor or -errno. */
int file_reopen(const struct files *s, int found, uint64_t flags);
/* Whether it is a directory, or else a regular file. */
int file_check(int fd, int directory, struct stat *st);
void file_put(struct files *s, const void *bytes, size_t n);
/* Where the last write ended. 0 or -errno. */
int file_write_all(int fd, const unsigned char *bytes, size_t n);
void file_put_status(struct files *s, const struct stat *st);
/* All that is known of what was found, FILE_FOUND_MAX bytes at most. 0 or -errno. */
int file_put_found(struct files *s, int found, const struct stat *st);
struct timespec file_time(const struct field *ns);

/* One request, its fields checked. 0 with the answer filled in, or -errno. */
int files_do(struct files *s, uint32_t type, const struct field *a);

/* The same for one that is not answered: nothing is done once one has failed, until somebody asks what became of them. */
void files_do_unanswered(struct files *s, uint32_t type, const struct field *a);

/* Removes a directory with all in it, but for what lies on other mounts. Follows no link. 0 or -errno. */
int tree_remove(int dir, const char *name);

#endif
