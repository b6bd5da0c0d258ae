/*
 * Fuzzing the decoder: with libFuzzer through LLVMFuzzerTestOneInput, or stand-alone by a seeded mutation run:
 * fuzz-decode SEED SECONDS. Exit 0: nothing found (the sanitizers end it otherwise).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decode.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Reads every byte that a decoded field claims, so that a wrong bound is an error the sanitizer sees. */
static unsigned long touch(const char *kinds, const struct field *f)
{
	unsigned long sum = 0;

	for (size_t i = 0; kinds[i]; i++) {
		size_t at = 0;

		if (kinds[i] == 's' && f[i].ptr[f[i].len] != 0)
			abort();
		if (kinds[i] == 's' && strlen((const char *)f[i].ptr) != f[i].len)
			abort();
		for (uint32_t b = 0; kinds[i] == 'b' && b < f[i].len; b++)
			sum += f[i].ptr[b];
		for (uint64_t n = 0; kinds[i] == 'v' && n < f[i].num; n++)
			sum += strlen(next_text(&f[i], &at));
		if (kinds[i] == 'v' && at != f[i].len)
			abort();
	}
	return sum;
}

static const char *kinds_of_step(uint32_t op)
{
#define ROW(o, name, contexts, kinds) \
	if (op == (o)) \
		return kinds;
	STEP_TABLE(ROW)
	return "";
}

static const char *kinds_of_request(uint32_t type)
{
#define REQUEST(t, kinds) \
	if (type == (t)) \
		return kinds;
	REQUEST_TABLE(REQUEST)
	return "";
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct step step[256];
	struct field fields[FIELDS_MAX];
	volatile unsigned long sum = 0;
	unsigned char *copy;
	uint32_t bad;
	int n;

	if (size < 1)
		return 0;
	/* a heap copy of the exact size: one byte too far is caught */
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	n = decode_steps(copy + 1, size - 1, copy[0] & 7, step, 256, &bad);
	for (int i = 0; i < n; i++)
		sum += touch(kinds_of_step(step[i].op), step[i].f);
	if (decode_request(copy[0] & 15, copy + 1, size - 1, fields) == 0)
		sum += touch(kinds_of_request(copy[0] & 15), fields);
	sum += (unsigned int)decode_file(copy[0] & 15, copy + 1, size - 1, fields);
	free(copy);
	return 0;
}

#ifndef CAISSON_LIBFUZZER
static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) % below);
}

static size_t put(unsigned char *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	return n;
}

/* A valid field of a kind, so that mutations start from something that decodes. */
static size_t make_field(unsigned char *to, char kind)
{
	uint32_t n = draw(12), v = draw(3) ? draw(1000) : UINT32_MAX;
	uint64_t big = v;
	size_t at = 0;

	switch (kind) {
	case 'i':
		return put(to, &v, sizeof(v));
	case 'l':
		return put(to, &big, sizeof(big));
	case 'v':
		n = draw(4);
		at = put(to, &n, sizeof(n));
		for (uint32_t i = 0; i < n; i++)
			at += make_field(to + at, 's');
		return at;
	default:
		at = put(to, &n, sizeof(n));
		memset(to + at, 'a', n);
		at += n;
		if (kind == 's')
			to[at++] = 0;
		return at;
	}
}

static size_t make_steps(unsigned char *to)
{
	static const uint32_t ops[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 19, 33, 36, 37, 40, 41 };
	uint32_t count = 1 + draw(6);
	size_t at = 1;

	to[0] = (unsigned char)draw(256);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t head[2] = { ops[draw(sizeof(ops) / sizeof(*ops))], 0 };
		size_t body = at + sizeof(head);
		size_t end = body;

		for (const char *k = kinds_of_step(head[0]); *k; k++)
			end += make_field(to + end, *k);
		head[1] = (uint32_t)(end - body);
		put(to + at, head, sizeof(head));
		at = end;
	}
	return at;
}

static size_t mutate(unsigned char *bytes, size_t size)
{
	static const uint32_t nasty[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

	for (uint32_t times = draw(4); times > 0 && size > 5; times--) {
		uint32_t at = draw((uint32_t)size - 4);

		switch (draw(4)) {
		case 0:
			bytes[at] ^= (unsigned char)(1u << draw(8));
			break;
		case 1:
			put(bytes + at, &nasty[draw(6)], 4);
			break;
		case 2:
			bytes[at] = (unsigned char)(bytes[at] + (draw(2) ? 1 : -1));
			break;
		default:
			size = 1 + draw((uint32_t)size);
		}
	}
	return size;
}

int main(int argc, char **argv)
{
	static unsigned char bytes[64 << 10];
	time_t end;
	unsigned long runs = 0;

	if (argc != 3)
		return 2;
	state = strtoull(argv[1], NULL, 10);
	end = time(NULL) + atoi(argv[2]);
	while (time(NULL) < end)
		for (int i = 0; i < 1000; i++, runs++)
			LLVMFuzzerTestOneInput(bytes, mutate(bytes, make_steps(bytes)));
	printf("fuzz-decode: %lu inputs, seed %s\n", runs, argv[1]);
	return 0;
}
#endif
