/* Bounded output: the first half of the limit from its head, the rest from its tail. */
#ifndef CAISSON_CAPTURE_H
#define CAISSON_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

struct capture {
	uint64_t total;		/* bytes that went by */
	size_t head_max, tail_max;
	unsigned char *head;
	size_t head_len, head_cap;
	unsigned char *tail;	/* a ring of tail_max, made when the head is full */
	size_t tail_at, tail_len;
};

void capture_init(struct capture *c, uint64_t limit);
void capture_add(struct capture *c, const unsigned char *bytes, size_t n);
size_t capture_size(const struct capture *c);

/* Hands the kept bytes to `put` in order. */
void capture_read(const struct capture *c, void (*put)(void *to, const void *bytes, size_t n), void *to);
void capture_free(struct capture *c);

#endif
