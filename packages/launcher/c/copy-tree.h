/* Copies of directory trees that somebody hostile wrote. */
#ifndef CAISSON_COPY_TREE_H
#define CAISSON_COPY_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

/*
 * Copies everything in directory `from` into the empty directory `to`, and what is known of `from` itself: types, ids, modes,
 * times, attributes, hard links, holes. Sockets are left out. Follows no link, opens nothing but regular files and
 * directories, stays on the file system of `from`. 0 or -errno.
 *
 * below: `to` is not empty but holds what lies above `from` in an overlay, and only what of `from` can still be seen is copied.
 * Whiteouts and opaque directories stay such, for what lies further below; with copy_rules.as_root, they are only obeyed.
 */
int copy_tree(int from, int to, int below);

/* With copy_rules.as_root: what is at this path is not for the container, and is copied as what cannot be read. */
void copy_closed(const char *path);

/* Where copy_end writes, of every directory, the inode number of the copy (u64) and its path, with a NUL at its end. */
void copy_list(FILE *to);

/*
 * One directory, without what is in it, and one entry that is none, out of the directory `dir`: at the same path in `to`, and
 * in its directory `to_dir`. Names of one file stay such within one `to`. 0 or -errno.
 */
int copy_directory(int from, int to, const char *path);
int copy_entry_at(int dir, int to, int to_dir, const char *path, const struct stat *st);

/*
 * After the last of them: directories get their modes and times. And unless `over` is NULL, those whiteouts go of which there is
 * nothing in the directories `over`, the topmost first, which lie below all of it: where directories do not merge, the kernel
 * would list them.
 */
int copy_end(int to, const int *over, size_t n);

/* Opens without a link, a mount or a way out. */
int open_in(int dir, const char *path, uint64_t flags);

/* Whether a directory on the way to a path, which is not there, hides what lies below. */
int is_behind_opaque(int dir, const char *path);

/* The number of the directory, of those lying over each other, whose entry is seen at a path, and what it is; n: none's. */
size_t lower_at(const int *lower, size_t n, const char *path, struct stat *st);

#endif
