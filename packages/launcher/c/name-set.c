#include "name-set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

struct name {
	struct name *next;
	char path[];
};

static uint32_t bucket_of(const char *path)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 16777619U;
	return hash % NAME_BUCKETS;
}

int name_has(const struct name_set *s, const char *path)
{
	const struct name *n = s->bucket[bucket_of(path)];

	while (n && strcmp(n->path, path) != 0)
		n = n->next;
	return n != NULL;
}

void name_put(struct name_set *s, const char *path)
{
	struct name **bucket = &s->bucket[bucket_of(path)], *n;
	size_t size = strlen(path) + 1;

	if (name_has(s, path))
		return;
	n = must_realloc(NULL, sizeof(*n) + size);
	memcpy(n->path, path, size);
	n->next = *bucket;
	*bucket = n;
}
