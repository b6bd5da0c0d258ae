#include "user.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "scoped.h"
#include "sys.h"

enum { FILE_MAX = 4 << 20, LINE_MAX_ = 4096 };

/* 1: a number; 0: not digits alone; -EINVAL: digits, but no id. */
static int number(const char *s, size_t n, uint32_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(s[i] - '0');
		if (v > UINT32_MAX - 1)
			return -EINVAL;
	}
	*out = (uint32_t)v;
	return n ? 1 : -EINVAL;
}

/* Splits at colons, in place. Returns how many. */
static size_t split(char *line, char **part, size_t max)
{
	size_t n = 0;

	while (n < max) {
		part[n++] = line;
		line = strchr(line, ':');
		if (!line)
			break;
		*line++ = 0;
	}
	return n;
}

struct lines {
	int fd;
	size_t used, at, total;
	char buf[LINE_MAX_ * 2];
};

/* A FIFO would hang us, a device or a huge file waste our time (CVE-2024-9676): regular files of a sane size only. */
static int lines_open(struct failure *f, struct lines *l, const char *path)
{
	struct stat st;

	l->used = l->at = l->total = 0;
	l->fd = sys_openat2(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_NO_MAGICLINKS);
	if (l->fd < 0)
		return fail(f, "openat2", path);
	if (fstat(l->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		close(l->fd);
		return fail_with(f, EINVAL, "fstat", path);
	}
	return 0;
}

/* The next line without its end, or NULL. A line too long to be one is skipped. */
static char *lines_next(struct lines *l)
{
	for (;;) {
		char *start = l->buf + l->at;
		char *end = memchr(start, '\n', l->used - l->at);
		ssize_t n;

		if (end) {
			*end = 0;
			l->at = (size_t)(end - l->buf) + 1;
			return start;
		}
		memmove(l->buf, start, l->used - l->at);
		l->used -= l->at;
		l->at = 0;
		if (l->used >= LINE_MAX_)
			l->used = 0;
		n = l->total < FILE_MAX ? read(l->fd, l->buf + l->used, LINE_MAX_) : 0;
		if (n <= 0) {
			l->buf[l->used] = 0;
			n = (ssize_t)l->used;
			l->used = 0;
			return n ? l->buf : NULL;
		}
		l->total += (size_t)n;
		l->used += (size_t)n;
	}
}

/* name:x:uid:gid:gecos:home:shell, by name, or by number when name is NULL. */
static int find_passwd(struct failure *f, const char *name, struct user *u)
{
	static struct lines l;
	char *line, *part[7];

	if (lines_open(f, &l, "/etc/passwd") < 0)
		return -f->err;
	while ((line = lines_next(&l))) {
		size_t n = split(line, part, 7);
		uint32_t uid, gid;

		if (n < 6 || number(part[2], strlen(part[2]), &uid) != 1 ||
		    number(part[3], strlen(part[3]), &gid) != 1)
			continue;
		if (name ? strcmp(part[0], name) != 0 : uid != u->uid)
			continue;
		u->uid = uid;
		u->gid = gid;
		if (part[5][0] == '/' && strlen(part[5]) < sizeof(u->home))
			memcpy(u->home, part[5], strlen(part[5]) + 1);
		close(l.fd);
		return 0;
	}
	close(l.fd);
	return fail_with(f, ENOENT, "/etc/passwd", name ? name : "");
}

int user_group(struct failure *f, const char *spec, gid_t *gid)
{
	static struct lines l;
	char *line, *part[4];
	int err = number(spec, strlen(spec), gid);

	if (err < 0)
		return fail_with(f, EINVAL, "/etc/group", spec);
	if (err == 1)
		return 0;
	if (lines_open(f, &l, "/etc/group") < 0)
		return -f->err;
	while ((line = lines_next(&l))) {
		if (split(line, part, 4) < 3 || strcmp(part[0], spec) != 0)
			continue;
		if (number(part[2], strlen(part[2]), gid) != 1)
			continue;
		close(l.fd);
		return 0;
	}
	close(l.fd);
	return fail_with(f, ENOENT, "/etc/group", spec);
}

int user_find(struct failure *f, const char *spec, struct user *u)
{
	const char *colon = strchr(spec, ':');
	size_t n = colon ? (size_t)(colon - spec) : strlen(spec);
	char name[256];
	uint32_t uid = 0;
	int is_number = number(spec, n, &uid);

	u->home[0] = 0;
	if (is_number < 0 || n >= sizeof(name) || (colon && !colon[1]))
		return fail_with(f, EINVAL, "/etc/passwd", spec);
	if (is_number) {
		struct failure quiet;

		u->uid = u->gid = uid;
		/* root needs no look-up; of others, only the group and home are wanted */
		if (uid != 0 && find_passwd(&quiet, NULL, u) < 0)
			u->gid = uid;
	} else {
		memcpy(name, spec, n);
		name[n] = 0;
		if (find_passwd(f, name, u) < 0)
			return -f->err;
	}
	return colon ? user_group(f, colon + 1, &u->gid) : 0;
}
