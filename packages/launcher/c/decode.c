#include "decode.h"

#include <errno.h>
#include <string.h>

struct row {
	uint32_t op;
	uint32_t contexts;
	const char *kinds;
};

#define STEP_ROW(op, name, contexts, kinds) { op, contexts, kinds },
static const struct row steps[] = { STEP_TABLE(STEP_ROW) };
#define REQUEST_ROW(type, kinds) { type, 0, kinds },
static const struct row requests[] = { REQUEST_TABLE(REQUEST_ROW) };
static const struct row files[] = { FILE_TABLE(REQUEST_ROW) };

static const struct row *find(const struct row *rows, size_t n, uint32_t op)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].op == op)
			return &rows[i];
	return NULL;
}

/* What is left to read. */
struct reader {
	const unsigned char *at;
	size_t left;
};

static int take(struct reader *r, void *to, size_t n)
{
	if (r->left < n)
		return -EBADMSG;
	memcpy(to, r->at, n); /* the client's byte order is ours: both run on this machine */
	r->at += n;
	r->left -= n;
	return 0;
}

static int take_text(struct reader *r, struct field *f)
{
	uint32_t n;

	if (take(r, &n, sizeof(n)) < 0 || r->left < 1 || n > r->left - 1)
		return -EBADMSG;
	if (memchr(r->at, 0, (size_t)n + 1) != r->at + n)
		return -EBADMSG; /* no NUL at the end, or one before it */
	f->ptr = r->at;
	f->len = n;
	r->at += (size_t)n + 1;
	r->left -= (size_t)n + 1;
	return 0;
}

static int take_bytes(struct reader *r, struct field *f)
{
	if (take(r, &f->len, sizeof(f->len)) < 0 || f->len > r->left)
		return -EBADMSG;
	f->ptr = r->at;
	r->at += f->len;
	r->left -= f->len;
	return 0;
}

static int take_texts(struct reader *r, struct field *f)
{
	struct field one;
	uint32_t n;

	if (take(r, &n, sizeof(n)) < 0)
		return -EBADMSG;
	f->num = n;
	f->ptr = r->at;
	for (uint32_t i = 0; i < n; i++)
		if (take_text(r, &one) < 0)
			return -EBADMSG;
	f->len = (uint32_t)(r->at - f->ptr);
	return 0;
}

static int take_field(struct reader *r, char kind, struct field *f)
{
	uint32_t n;

	switch (kind) {
	case 'i':
		if (take(r, &n, sizeof(n)) < 0)
			return -EBADMSG;
		f->num = n;
		return 0;
	case 'l':
		return take(r, &f->num, sizeof(f->num));
	case 's':
		return take_text(r, f);
	case 'b':
		return take_bytes(r, f);
	default:
		return take_texts(r, f);
	}
}

const char *next_text(const struct field *f, size_t *at)
{
	const unsigned char *p = f->ptr + *at;
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	*at += sizeof(n) + (size_t)n + 1;
	return (const char *)p + sizeof(n);
}

int decode_fields(const char *kinds, const unsigned char *bytes, size_t size, struct field *out)
{
	struct reader r = { bytes, size };

	for (size_t i = 0; kinds[i]; i++) {
		memset(&out[i], 0, sizeof(out[i]));
		if (take_field(&r, kinds[i], &out[i]) < 0)
			return -EBADMSG;
	}
	return r.left ? -EBADMSG : 0;
}

int decode_request(uint32_t type, const unsigned char *bytes, size_t size, struct field *out)
{
	const struct row *row = find(requests, sizeof(requests) / sizeof(*requests), type);

	return row ? decode_fields(row->kinds, bytes, size, out) : -ENOSYS;
}

int decode_file(uint32_t type, const unsigned char *bytes, size_t size, struct field *out)
{
	const struct row *row = find(files, sizeof(files) / sizeof(*files), type);

	return row ? decode_fields(row->kinds, bytes, size, out) : -ENOSYS;
}

int decode_steps(const unsigned char *bytes, size_t size, uint32_t contexts, struct step *out,
		 size_t max, uint32_t *bad)
{
	struct reader r = { bytes, size };
	size_t n = 0;

	for (*bad = 0; r.left; *bad = (uint32_t)n) {
		const struct row *row;
		uint32_t head[2];

		if (n == max)
			return -E2BIG;
		if (take(&r, head, sizeof(head)) < 0 || head[1] > r.left)
			return -EBADMSG;
		row = find(steps, sizeof(steps) / sizeof(*steps), head[0]);
		if (!row)
			return -ENOSYS;
		if (!(row->contexts & contexts))
			return -EPERM;
		out[n].op = row->op;
		out[n].context = row->contexts & contexts;
		if (decode_fields(row->kinds, r.at, head[1], out[n].f) < 0)
			return -EBADMSG;
		r.at += head[1];
		r.left -= head[1];
		n++;
	}
	return (int)n;
}
