/* What the client has numbered, by number. */
#include "launcher.h"

void *table_find(struct table *t, uint32_t id)
{
	struct node *n = t->bucket[id % BUCKETS];

	while (n && n->id != id)
		n = n->next;
	return n;
}

void table_add(struct table *t, struct node *n)
{
	n->next = t->bucket[n->id % BUCKETS];
	t->bucket[n->id % BUCKETS] = n;
	if ((t == &L.containers || t == &L.commands) && n->id > L.last_id)
		L.last_id = n->id;
}

void table_remove(struct table *t, struct node *n)
{
	struct node **at = &t->bucket[n->id % BUCKETS];

	while (*at && *at != n)
		at = &(*at)->next;
	if (*at)
		*at = n->next;
}
