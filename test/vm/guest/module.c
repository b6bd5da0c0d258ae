/* Kernel modules, by the tables that depmod made: the machine has no modprobe of its own. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest.h"

enum { NEEDS_MAX = 64 };

static char *table(const char *name)
{
	struct utsname kernel;
	char path[400];

	uname(&kernel);
	snprintf(path, sizeof(path), "/usr/lib/uml/modules/%s/%s", kernel.release, name);
	return file_read(path);
}

static int insert(const char *file)
{
	struct utsname kernel;
	char path[600];
	int fd, err;

	uname(&kernel);
	snprintf(path, sizeof(path), "/usr/lib/uml/modules/%s/%s", kernel.release, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	err = syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST ? -1 : 0;
	close(fd);
	return err;
}

/* - and _ are one in names of modules. */
static int is_named(const char *file, const char *name)
{
	const char *base = strrchr(file, '/');

	for (base = base ? base + 1 : file; *name; base++, name++)
		if ((*base == '-' ? '_' : *base) != (*name == '-' ? '_' : *name))
			return 0;
	return !strncmp(base, ".ko", 3);
}

/* A line of modules.dep: what it needs comes last to first. */
static int insert_with_needs(const char *file, char *needs)
{
	char *list[NEEDS_MAX], *save;
	int n = 0;

	for (char *need = strtok_r(needs, " ", &save); need && n < NEEDS_MAX; need = strtok_r(NULL, " ", &save))
		list[n++] = need;
	while (n > 0)
		insert(list[--n]);
	return insert(file);
}

int module_load(const char *name)
{
	char *all = table("modules.dep"), *save;
	int found = -1;

	for (char *line = all ? strtok_r(all, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = 0;
		if (!is_named(line, name))
			continue;
		found = insert_with_needs(line, colon + 1);
		break;
	}
	free(all);
	return found;
}

int module_load_alias(const char *alias)
{
	char *all, *save;
	int code = 1;

	if (module_load(alias) == 0)
		return 0;
	all = table("modules.alias");
	for (char *line = all ? strtok_r(all, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char pattern[400], name[200];

		if (sscanf(line, "alias %399s %199s", pattern, name) == 2 && !fnmatch(pattern, alias, 0) &&
		    module_load(name) == 0)
			code = 0;
	}
	free(all);
	return code;
}
