#include "overlay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "copied-root.h"
#include "fuse-root.h"
#include "park.h"
#include "path.h"
#include "scoped.h"
#include "sys.h"

int overlay_upper(struct scene *s, const struct step *st)
{
	scoped_fd target = sys_openat2(s->staging, UPPER_DIR, O_PATH, RESOLVE_BENEATH);
	char size[32], inodes[32];
	const char *options[] = { "mode=0700", size, inodes, NULL };
	int mnt;

	if (target < 0)
		return fail(s->f, "openat2", UPPER_DIR);
	snprintf(size, sizeof(size), "size=%llu", (unsigned long long)st->f[UPPER_BYTES].num);
	snprintf(inodes, sizeof(inodes), "nr_inodes=%llu", (unsigned long long)st->f[UPPER_INODES].num);
	mnt = setup_tmpfs(s->f, options, SYS_MOUNT_ATTR_NODEV);
	if (mnt < 0)
		return mnt;
	s->upper = mnt;
	s->upper_at = UPPER_DIR;
	s->upper_uid = (uid_t)st->f[UPPER_UID].num;
	s->upper_gid = (gid_t)st->f[UPPER_GID].num;
	return sys_move_mount(mnt, target) < 0 ? fail(s->f, "move_mount", UPPER_DIR) : 0;
}

int overlay_disk_upper(struct scene *s, const struct step *st)
{
	const char *from = text(&st->f[DISK_UPPER_FROM]);
	scoped_fd dir = sys_openat2(s->staging, from, O_RDONLY | O_DIRECTORY,
				    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (dir < 0)
		return fail(s->f, "openat2", from);
	/*
	 * The kernel lets two overlays write to one directory, and only logs it. What keeps them apart is this lock: of the
	 * open file, so it lasts as long as a copy of the descriptor, which the launcher keeps while there is the container.
	 */
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return fail(s->f, "flock", from);
	s->upper = steal_fd(&dir);
	s->upper_at = from;
	s->upper_uid = (uid_t)st->f[DISK_UPPER_UID].num;
	s->upper_gid = (gid_t)st->f[DISK_UPPER_GID].num;
	return 0;
}

/* The overlay's root looks like its topmost lower's: the same mode and owner. */
static int upper_dir(struct scene *s, uint32_t index, const char *lower)
{
	struct stat like = { .st_mode = 0755, .st_uid = s->upper_uid, .st_gid = s->upper_gid };
	char name[32];
	scoped_fd dir = -1;

	if (lower) {
		scoped_fd fd = sys_openat2(s->staging, lower, O_PATH, RESOLVE_BENEATH);

		if (fd < 0)
			return fail(s->f, "openat2", lower);
		if (fstat(fd, &like) < 0)
			return fail(s->f, "fstat", lower);
	}
	snprintf(name, sizeof(name), "%u", index);
	if (mkdirat(s->upper, name, 0700) < 0)
		return fail(s->f, "mkdirat", name);
	dir = openat(s->upper, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || mkdirat(dir, "work", 0700) < 0 || mkdirat(dir, "upper", 0700) < 0)
		return fail(s->f, "mkdirat", name);
	/* an owner that our namespace does not know (EINVAL: the host's root, to a user) cannot own the upper */
	if (fchownat(dir, "upper", like.st_uid, like.st_gid, 0) < 0 &&
	    (errno != EINVAL || fchownat(dir, "upper", s->upper_uid, s->upper_gid, 0) < 0))
		return fail(s->f, "fchownat", name);
	if (fchmodat(dir, "upper", like.st_mode & 07777, 0) < 0)
		return fail(s->f, "fchmodat", name);
	return 0;
}

enum { TOO_OLD = 1, NOT_MADE = -0x10000 };

/* 0, TOO_OLD for a kernel that wants them all in one option, or -errno, noted. */
static int add_lowers(struct scene *s, int fs, const struct field *lowers)
{
	char option[300];
	size_t at = 0;

	/* wrong without a value; before 6.5, though, any option is taken, and refused when it is too late */
	if (sys_fsconfig(fs, SYS_FSCONFIG_SET_FLAG, "lowerdir+", NULL) == 0)
		return TOO_OLD;
	for (uint64_t i = 0; i < lowers->num; i++) {
		snprintf(option, sizeof(option), "/%s", next_text(lowers, &at));
		if (sys_fsconfig(fs, SYS_FSCONFIG_SET_STRING, "lowerdir+", option) == 0)
			continue;
		/* before 6.7 it is unknown */
		return i == 0 && errno == EINVAL ? TOO_OLD : park_refused(s->f, fs, errno, option);
	}
	return 0;
}

/* Appends to the options of mount(2). 0 or -E2BIG. */
static int append(char *all, size_t size, const char *before, const char *what)
{
	size_t used = strlen(all);

	return snprintf(all + used, size - used, "%s%s", before, what) < (int)(size - used) ? 0 : -E2BIG;
}

/*
 * By mount(2), for kernels before 6.7: fsconfig takes 255 bytes an option, too little for the layers of an image, mount a
 * page for all of them.
 */
static int mount_joined(struct scene *s, const struct step *st, uint32_t index, int target)
{
	const struct field *lowers = &st->f[OVERLAY_LOWERS], *options = &st->f[OVERLAY_OPTIONS];
	static char all[4096];
	char upper[600];
	size_t at = 0;
	int err = 0;

	all[0] = 0;
	for (uint64_t i = 0; !err && i < lowers->num; i++)
		err = append(all, sizeof(all), i ? ":/" : "lowerdir=/", next_text(lowers, &at));
	snprintf(upper, sizeof(upper), "upperdir=/%s/%u/upper,workdir=/%s/%u/work", s->upper_at, index, s->upper_at,
		 index);
	err = err ? err : append(all, sizeof(all), ",", upper);
	at = 0;
	for (uint64_t i = 0; !err && i < options->num; i++)
		err = append(all, sizeof(all), ",", next_text(options, &at));
	if (err)
		return fail_with(s->f, -err, "mount", "lowerdir");
	/* not by a path: what is mounted on is where we stand */
	if (fchdir(target) < 0 || mount("overlay", ".", "overlay", 0, all) < 0)
		return fail(s->f, "mount", "overlay");
	return chdir("/") < 0 ? fail(s->f, "chdir", "/") : 0;
}

/* A detached mount, NOT_MADE for a kernel that is too old for one, or -errno, noted. */
static int make_overlay(struct scene *s, const struct step *st, uint32_t index)
{
	scoped_fd fs = sys_fsopen("overlay");
	const struct field *options = &st->f[OVERLAY_OPTIONS];
	char option[300];
	size_t at = 0;
	int mnt, old;

	if (fs < 0)
		return fail(s->f, "fsopen", "overlay");
	old = add_lowers(s, fs, &st->f[OVERLAY_LOWERS]);
	if (old)
		return old == TOO_OLD ? NOT_MADE : old;
	snprintf(option, sizeof(option), "upperdir=/%s/%u/upper", s->upper_at, index);
	if (park_option(s->f, fs, option) < 0)
		return -s->f->err;
	snprintf(option, sizeof(option), "workdir=/%s/%u/work", s->upper_at, index);
	if (park_option(s->f, fs, option) < 0)
		return -s->f->err;
	for (uint64_t i = 0; i < options->num; i++)
		if (park_option(s->f, fs, next_text(options, &at)) < 0)
			return -s->f->err;
	if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return park_refused(s->f, fs, errno, "overlay");
	mnt = sys_fsmount(fs, (uint32_t)st->f[OVERLAY_ATTRS].num);
	return mnt < 0 ? fail(s->f, "fsmount", "overlay") : mnt;
}

/* Without lowers there is nothing to lay over: the directory of the upper itself. */
static int make_plain(struct scene *s, uint64_t attrs, uint32_t index)
{
	struct sys_mount_attr attr = { .attr_set = attrs };
	char path[300];
	int tree;

	snprintf(path, sizeof(path), "%s/%u/upper", s->upper_at, index);
	tree = sys_open_tree(s->staging, path, OPEN_TREE_CLONE);
	if (tree < 0)
		return fail(s->f, "open_tree", path);
	if (sys_mount_setattr(tree, 0, &attr) < 0) {
		close(tree);
		return fail(s->f, "mount_setattr", path);
	}
	return tree;
}

/* Where the step says; what is at / is the root from then on. */
static int put(struct scene *s, int mnt, const char *at)
{
	int is_root = !strcmp(at, "/");
	scoped_fd target = is_root ? sys_openat2(s->staging, ROOT_DIR, O_PATH, RESOLVE_BENEATH) : path_try(s->base, at);

	if (target < 0)
		return fail_with(s->f, is_root ? errno : -target, "openat2", at);
	if (sys_move_mount(mnt, target) < 0)
		return fail(s->f, "move_mount", at);
	if (is_root)
		s->base = mnt;
	else
		close(mnt);
	return 0;
}

/* The same for a kernel that makes no detached overlays. */
static int put_joined(struct scene *s, const struct step *st, uint32_t index, const char *at)
{
	struct sys_mount_attr attr = { .attr_set = st->f[OVERLAY_ATTRS].num };
	int is_root = !strcmp(at, "/");
	scoped_fd target = is_root ? sys_openat2(s->staging, ROOT_DIR, O_PATH, RESOLVE_BENEATH) : path_try(s->base, at);
	scoped_fd mnt = -1;

	if (target < 0)
		return fail_with(s->f, is_root ? errno : -target, "openat2", at);
	if (mount_joined(s, st, index, target) < 0)
		return -s->f->err;
	/* looked up again: what is mounted there now */
	mnt = is_root ? sys_openat2(s->staging, ROOT_DIR, O_PATH, RESOLVE_BENEATH) : path_try(s->base, at);
	if (mnt < 0 || sys_mount_setattr(mnt, 0, &attr) < 0)
		return fail(s->f, "mount_setattr", at);
	if (is_root)
		s->base = steal_fd(&mnt);
	return 0;
}

int overlay_mount(struct scene *s, const struct step *st)
{
	const char *at = text(&st->f[OVERLAY_AT]);
	const struct field *lowers = &st->f[OVERLAY_LOWERS];
	uint32_t index = (uint32_t)st->f[OVERLAY_INDEX].num;
	uint64_t attrs = st->f[OVERLAY_ATTRS].num;
	size_t first = 0;
	int mnt;

	if (s->upper < 0)
		return fail_with(s->f, EINVAL, "overlay", "no upper");
	if (upper_dir(s, index, lowers->num ? next_text(lowers, &first) : NULL) < 0)
		return -s->f->err;
	mnt = lowers->num ? make_overlay(s, st, index) : make_plain(s, attrs, index);
	if (mnt == NOT_MADE)
		return put_joined(s, st, index, at);
	return mnt < 0 ? mnt : put(s, mnt, at);
}

int overlay_copy(struct scene *s, const struct step *st)
{
	const struct field *lowers = &st->f[COPY_ROOT_LOWERS];
	uint32_t index = (uint32_t)st->f[COPY_ROOT_INDEX].num;
	size_t first = 0;
	int mnt;

	if (s->upper < 0 || lowers->num == 0)
		return fail_with(s->f, EINVAL, "copyRoot", s->upper < 0 ? "no upper" : "no lowers");
	if (upper_dir(s, index, next_text(lowers, &first)) < 0 || copied_fill(s, st, index) < 0)
		return -s->f->err;
	mnt = make_plain(s, st->f[COPY_ROOT_ATTRS].num, index);
	return mnt < 0 ? mnt : put(s, mnt, text(&st->f[COPY_ROOT_AT]));
}

int overlay_served(struct scene *s, const struct step *st)
{
	const struct field *lowers = &st->f[FUSE_ROOT_LOWERS];
	size_t first = 0;
	int mnt;

	if (s->upper < 0 || lowers->num == 0)
		return fail_with(s->f, EINVAL, "fuseRoot", s->upper < 0 ? "no upper" : "no lowers");
	if (upper_dir(s, (uint32_t)st->f[FUSE_ROOT_INDEX].num, next_text(lowers, &first)) < 0)
		return -s->f->err;
	mnt = fuse_root_make(s, st);
	return mnt < 0 ? mnt : put(s, mnt, text(&st->f[FUSE_ROOT_AT]));
}
