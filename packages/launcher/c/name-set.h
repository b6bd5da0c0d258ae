/* Sets of paths, for the life of a short-lived process: nothing is ever freed. */
#ifndef CAISSON_NAME_SET_H
#define CAISSON_NAME_SET_H

enum { NAME_BUCKETS = 4096 };

struct name;

struct name_set {
	struct name *bucket[NAME_BUCKETS];
};

void name_put(struct name_set *s, const char *path);
int name_has(const struct name_set *s, const char *path);

#endif
