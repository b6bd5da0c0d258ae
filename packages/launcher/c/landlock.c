#include "landlock.h"

#include <errno.h>
#include <sys/stat.h>

#include "scoped.h"
#include "sys.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum {
	VERSION = 1,		/* LANDLOCK_CREATE_RULESET_VERSION */
	PATH_BENEATH = 1,	/* LANDLOCK_RULE_PATH_BENEATH */
	/* landlock(7): rights of files by version; a link or rename into another directory needs the second */
	EXECUTE = 1,
	REFER = 1 << 13,
	TRUNCATE = 1 << 14,
	IOCTL_DEV = 1 << 15,
	/* what a rule for something else than a directory may hold: these, write and read */
	OF_FILES = EXECUTE | 1 << 1 | 1 << 2 | TRUNCATE | IOCTL_DEV,
};

/* As of version 6; a kernel that knows less takes it as long as what it does not know is 0. */
struct ruleset {
	uint64_t fs, net, scoped;
};

struct rule {
	uint64_t rights;
	int32_t place;
} __attribute__((packed));

int landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, VERSION);

	return version < 0 ? 0 : (int)version;
}

static int allow(struct failure *f, int set, const char *path, uint64_t rights)
{
	scoped_fd place = sys_openat2(AT_FDCWD, path, O_PATH, RESOLVE_NO_MAGICLINKS);
	struct rule r = { .rights = rights, .place = place };
	struct stat is;

	/* what this user cannot reach it needs no right to; less is allowed then, never more */
	if (place < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : fail(f, "openat2", path);
	if (fstat(place, &is) < 0)
		return fail(f, "fstat", path);
	if (!S_ISDIR(is.st_mode))
		r.rights &= OF_FILES;
	if (!r.rights)
		return 0;
	return syscall(SYS_landlock_add_rule, set, PATH_BENEATH, &r, 0) < 0 ? fail(f, "landlock_add_rule", path) : 0;
}

static int allow_all(struct failure *f, int set, const struct field *places, uint64_t rights)
{
	size_t at = 0;

	for (uint64_t i = 0; i < places->num; i++)
		if (allow(f, set, next_text(places, &at), rights) < 0)
			return -f->err;
	return 0;
}

int landlock_restrict(struct failure *f, const struct step *st)
{
	struct ruleset what = { .fs = st->f[LANDLOCK_HANDLED].num, .scoped = st->f[LANDLOCK_SCOPED].num };
	scoped_fd set = (int)syscall(SYS_landlock_create_ruleset, &what, sizeof(what), 0);

	if (set < 0)
		return fail(f, "landlock_create_ruleset", "landlock");
	if (allow_all(f, set, &st->f[LANDLOCK_READABLE], st->f[LANDLOCK_READ].num) < 0 ||
	    allow_all(f, set, &st->f[LANDLOCK_WRITABLE], st->f[LANDLOCK_WRITE].num) < 0)
		return -f->err;
	return syscall(SYS_landlock_restrict_self, set, 0) < 0 ? fail(f, "landlock_restrict_self", "landlock") : 0;
}

int landlock_confine(int tree)
{
	int version = landlock_version();
	struct ruleset what = { .fs = (REFER << 1) - 1 };
	struct rule all = { .place = tree };
	scoped_fd set = -1;

	if (version < 2)
		return 0; /* the kernel has none, or one under which no archive could be unpacked */
	if (version >= 3)
		what.fs |= TRUNCATE;
	if (version >= 5)
		what.fs |= IOCTL_DEV;
	all.rights = what.fs & ~(uint64_t)EXECUTE;
	set = (int)syscall(SYS_landlock_create_ruleset, &what, sizeof(what), 0);
	if (set < 0 || syscall(SYS_landlock_add_rule, set, PATH_BENEATH, &all, 0) < 0)
		return -errno;
	return syscall(SYS_landlock_restrict_self, set, 0) < 0 ? -errno : 0;
}
