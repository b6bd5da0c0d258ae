#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

enum { CHUNK = 64 << 10 };

char *file_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t used = 0;
	ssize_t n = 1;

	/* to the end, not by size: the kernel's files say 0 */
	while (fd >= 0 && n > 0) {
		text = realloc(text, used + CHUNK + 1);
		if (!text)
			guest_fail("out of memory");
		n = read(fd, text + used, CHUNK);
		used += n > 0 ? (size_t)n : 0;
		text[used] = 0;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

int file_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err, done;

	if (fd < 0)
		return -1;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	err = errno;
	close(fd);
	errno = err;
	return done ? 0 : -1;
}

void make_dirs(const char *path, unsigned int mode)
{
	char part[4096];

	snprintf(part, sizeof(part), "%s", path);
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		mkdir(part, 0755);
		*at = '/';
	}
	mkdir(part, mode);
}

static char *settings;

void settings_read(const char *path)
{
	settings = file_read(path);
	if (!settings)
		guest_fail(path);
	for (char *at = settings; *at; at++)
		if (*at == '\n')
			*at = 0;
}

const char *setting(const char *key, int nth)
{
	size_t n = strlen(key);

	for (const char *line = settings; *line; line += strlen(line) + 1)
		if (!strncmp(line, key, n) && line[n] == '=' && nth-- == 0)
			return line + n + 1;
	return NULL;
}
