#include "park.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "path.h"
#include "scoped.h"
#include "sys.h"
#include "user-namespace.h"
#include "wire.h"

int park_refused(struct failure *f, int fs, int err, const char *what)
{
	char why[256] = "", said[256];
	ssize_t n;

	/* each read gives one message, the oldest first */
	while ((n = read(fs, said, sizeof(said) - 1)) > 0) {
		memcpy(why, said, (size_t)n);
		why[n] = 0;
	}
	return fail_with(f, err, "fsconfig", *why ? why : what);
}

int park_option(struct failure *f, int fs, const char *option)
{
	const char *eq = strchr(option, '=');
	char key[64];
	int err;

	if (!eq) {
		err = sys_fsconfig(fs, SYS_FSCONFIG_SET_FLAG, option, NULL);
	} else if ((size_t)(eq - option) >= sizeof(key)) {
		return fail_with(f, EINVAL, "fsconfig", option);
	} else {
		memcpy(key, option, (size_t)(eq - option));
		key[eq - option] = 0;
		err = sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, key, eq + 1);
	}
	return err == 0 ? 0 : park_refused(f, fs, errno, option);
}

/* An empty file or directory to attach a mount to, in the template, where nobody hostile writes. */
static int place(struct scene *s, const char *at, mode_t type)
{
	struct owner o = { .mode = 0755 };
	char name[256];
	const char *slash = strrchr(at, '/');
	int fd;

	if (S_ISDIR(type))
		return path_mkdir(s->f, s->base, at, o);
	if (slash) {
		char dir[256];

		if ((size_t)(slash - at) >= sizeof(dir))
			return fail_with(s->f, ENAMETOOLONG, "openat", at);
		memcpy(dir, at, (size_t)(slash - at));
		dir[slash - at] = 0;
		if (path_mkdir(s->f, s->base, dir, o) < 0)
			return -s->f->err;
	}
	fd = path_parent(s->f, s->base, at, name);
	if (fd < 0)
		return fd;
	{
		scoped_fd dir = fd;
		scoped_fd file = openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

		return file < 0 ? fail(s->f, "openat", at) : 0;
	}
}

/* Clones a host path as a detached mount. */
static int clone_tree(struct scene *s, const char *source, int recursive, struct stat *is)
{
	unsigned int flags = OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0U);
	int tree;

	if (*source != '/')
		return fail_with(s->f, EINVAL, "open_tree", source);
	tree = sys_open_tree(AT_FDCWD, source, flags);
	if (tree < 0)
		return fail(s->f, "open_tree", source);
	if (fstat(tree, is) < 0) {
		close(tree);
		return fail(s->f, "fstat", source);
	}
	return tree;
}

static int put(struct scene *s, int tree, const char *at, mode_t type)
{
	scoped_fd target = -1;

	if (place(s, at, type) < 0)
		return -s->f->err;
	target = path_open(s->f, s->base, at);
	if (target < 0)
		return target;
	return sys_move_mount(tree, target) < 0 ? fail(s->f, "move_mount", at) : 0;
}

/* The first fields of `bind` and `ownedBind` are the same. */
_Static_assert((int)OWNED_BIND_ATTRS == (int)BIND_ATTRS, "fields of binds");

/* The map of one owner's files; made before, see below. */
struct owned {
	int userns;
	uid_t uid;
	gid_t gid;
};

/* Who covers its own root counts as chrooted, and makes no user namespace any more: user_namespaces(7). */
int park_maps(struct scene *s, const struct step *steps, size_t n)
{
	s->owned = must_realloc(NULL, (n + 1) * sizeof(*s->owned));
	for (size_t i = 0; i < n; i++) {
		const char *source = text(&steps[i].f[OWNED_BIND_SOURCE]);
		struct owned *o = &s->owned[i];
		struct id_maps maps;
		struct stat is;

		if (steps[i].op != OP_OWNED_BIND)
			continue;
		s->f->step = (uint32_t)i;
		s->f->op = OP_OWNED_BIND;
		if (stat(source, &is) < 0)
			return fail(s->f, "open_tree", source);
		maps = (struct id_maps){
			{ is.st_uid, (uint32_t)steps[i].f[OWNED_BIND_UID].num, 1 },
			{ is.st_gid, (uint32_t)steps[i].f[OWNED_BIND_GID].num, 1 },
		};
		*o = (struct owned){ user_namespace(s->f, &maps, 1), is.st_uid, is.st_gid };
		if (o->userns < 0)
			return o->userns;
	}
	return 0;
}

static int park_expect(struct scene *s, const struct step *st)
{
	const char *source = text(&st->f[EXPECT_SOURCE]);
	struct stat is;

	if (stat(source, &is) < 0)
		return fail(s->f, "open_tree", source);
	if (is.st_dev != st->f[EXPECT_DEVICE].num || is.st_ino != st->f[EXPECT_INODE].num)
		return fail_with(s->f, ESTALE, "fstatat", source);
	return 0;
}

/* What maps a bind's ids, -1: nothing, or -errno, noted. Its path may lead to something else by now. */
static int map_for(struct scene *s, const struct step *st, const struct stat *is)
{
	const struct owned *o = &s->owned[s->f->step];

	if (st->op != OP_OWNED_BIND)
		return st->f[BIND_IDMAP].num ? s->userns : -1;
	if (o->uid != is->st_uid || o->gid != is->st_gid)
		return fail_with(s->f, EAGAIN, "fstat", "owner of the source changed");
	return o->userns;
}

static int park_bind(struct scene *s, const struct step *st)
{
	const char *source = text(&st->f[BIND_SOURCE]);
	int recursive = st->f[BIND_RECURSIVE].num != 0;
	unsigned int reach = recursive ? AT_RECURSIVE : 0U;
	struct sys_mount_attr attr = { .attr_set = st->f[BIND_ATTRS].num, .propagation = MS_PRIVATE };
	struct stat is;
	scoped_fd tree = clone_tree(s, source, recursive, &is);
	int userns;

	if (tree < 0)
		return tree;
	if (sys_mount_setattr(tree, reach, &attr) < 0)
		return fail(s->f, "mount_setattr", source);
	userns = st->f[BIND_IDMAP].num == IDMAP_UPPER && s->userns >= 0 ? s->upper_userns : map_for(s, st, &is);
	if (s->f->err)
		return -s->f->err;
	if (userns >= 0) {
		struct sys_mount_attr map = { .attr_set = SYS_MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };

		if (sys_mount_setattr(tree, reach, &map) < 0)
			return fail(s->f, "mount_setattr:idmap", source);
	}
	return put(s, tree, text(&st->f[BIND_AT]), is.st_mode);
}

static int park_device(struct scene *s, const struct step *st)
{
	const char *source = text(&st->f[DEVICE_SOURCE]);
	struct sys_mount_attr attr = {
		.attr_set = SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NOEXEC,
		.propagation = MS_PRIVATE,
	};
	struct stat is;
	scoped_fd tree = clone_tree(s, source, 0, &is);

	if (tree < 0)
		return tree;
	/* a forged /dev/null has opened hosts before (CVE-2025-31133): it must be the very device */
	if (!S_ISCHR(is.st_mode) || major(is.st_rdev) != st->f[DEVICE_MAJOR].num ||
	    minor(is.st_rdev) != st->f[DEVICE_MINOR].num)
		return fail_with(s->f, ENODEV, "fstat", source);
	if (sys_mount_setattr(tree, 0, &attr) < 0)
		return fail(s->f, "mount_setattr", source);
	return put(s, tree, text(&st->f[DEVICE_AT]), is.st_mode);
}

static int new_mount(struct failure *f, const char *type, const struct field *options, uint32_t attrs)
{
	scoped_fd fs = sys_fsopen(type);
	size_t at = 0;
	int mnt;

	if (fs < 0)
		return fail(f, "fsopen", type);
	for (uint64_t i = 0; options && i < options->num; i++)
		if (park_option(f, fs, next_text(options, &at)) < 0)
			return -f->err;
	if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return fail(f, "fsconfig", type);
	mnt = sys_fsmount(fs, attrs);
	return mnt < 0 ? fail(f, "fsmount", type) : mnt;
}

int setup_tmpfs(struct failure *f, const char *const *options, uint32_t attrs)
{
	scoped_fd fs = sys_fsopen("tmpfs");
	int mnt;

	if (fs < 0)
		return fail(f, "fsopen", "tmpfs");
	for (; *options; options++)
		if (park_option(f, fs, *options) < 0)
			return -f->err;
	if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return fail(f, "fsconfig", "tmpfs");
	mnt = sys_fsmount(fs, attrs);
	return mnt < 0 ? fail(f, "fsmount", "tmpfs") : mnt;
}

static int park_mount(struct scene *s, const struct step *st)
{
	const char *type = text(&st->f[MOUNT_TYPE]);
	const char *at = text(&st->f[MOUNT_AT]);
	scoped_fd mnt = -1;
	scoped_fd target = -1;

	/* sysfs shows the network namespace it was made in: never the host's */
	if (!strcmp(type, "sysfs") && st->context == IN_TEMPLATE && !s->own_net) {
		if (unshare(CLONE_NEWNET) < 0)
			return fail(s->f, "unshare", "network namespace for sysfs");
		s->own_net = 1;
	}
	mnt = new_mount(s->f, type, &st->f[MOUNT_OPTIONS], (uint32_t)st->f[MOUNT_ATTRS].num);
	if (mnt < 0)
		return mnt;
	if (st->context == IN_TEMPLATE)
		return put(s, mnt, at, S_IFDIR);
	target = path_open(s->f, s->base, at);
	if (target < 0)
		return target;
	return sys_move_mount(mnt, target) < 0 ? fail(s->f, "move_mount", at) : 0;
}

int park_step(struct scene *s, const struct step *st)
{
	if (st->op == OP_EXPECT)
		return park_expect(s, st);
	if (st->op == OP_DEVICE)
		return park_device(s, st);
	return st->op == OP_MOUNT ? park_mount(s, st) : park_bind(s, st);
}
