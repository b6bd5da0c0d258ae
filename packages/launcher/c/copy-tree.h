/* Copies of directory trees that somebody hostile wrote. */
#ifndef CAISSON_COPY_TREE_H
#define CAISSON_COPY_TREE_H

/*
 * Copies everything in directory `from` into the empty directory `to`, and what is known of `from` itself: types, ids, modes,
 * times, attributes, hard links, holes. Sockets are left out. Follows no link, opens nothing but regular files and
 * directories, stays on the file system of `from`. 0 or -errno.
 */
int copy_tree(int from, int to);

#endif
