#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/keyctl.h>

#include "overlay.h"
#include "park.h"
#include "path.h"
#include "scoped.h"
#include "sys.h"

int setup_proc(struct failure *f)
{
	scoped_fd fs = sys_fsopen("proc");
	int mnt;

	if (fs < 0)
		return fail(f, "fsopen", "proc");
	if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return fail(f, "fsconfig", "proc");
	mnt = sys_fsmount(fs, SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV | SYS_MOUNT_ATTR_NOEXEC);
	return mnt < 0 ? fail(f, "fsmount", "proc") : mnt;
}

static int attach(struct scene *s, int mnt, const char *at)
{
	scoped_fd target = path_open(s->f, s->base, at);

	if (target < 0)
		return target;
	return sys_move_mount(mnt, target) < 0 ? fail(s->f, "move_mount", at) : 0;
}

static int step_move(struct scene *s, const char *from, const char *at)
{
	scoped_fd parked = sys_openat2(s->staging, from, O_PATH, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (parked < 0)
		return fail(s->f, "openat2", from);
	return attach(s, parked, at);
}

static int step_root(struct scene *s, const char *from)
{
	scoped_fd target = sys_openat2(s->staging, ROOT_DIR, O_PATH, RESOLVE_BENEATH);
	int parked = sys_openat2(s->staging, from, O_PATH, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (parked < 0 || target < 0)
		return fail(s->f, "openat2", from);
	if (sys_move_mount(parked, target) < 0)
		return fail(s->f, "move_mount", from);
	s->base = parked;
	return 0;
}

/* The procfs was made before the mount namespace changed, where a user namespace may still see a full one. */
static int step_proc(struct scene *s, const struct step *st)
{
	struct sys_mount_attr attr = { .attr_set = st->f[PROC_ATTRS].num };
	const char *at = text(&st->f[PROC_AT]);
	size_t place = 0;

	if (st->f[PROC_OPTIONS].num) {
		scoped_fd fs = sys_fspick(s->proc);

		if (fs < 0)
			return fail(s->f, "fspick", at);
		for (uint64_t i = 0; i < st->f[PROC_OPTIONS].num; i++)
			if (park_option(s->f, fs, next_text(&st->f[PROC_OPTIONS], &place)) < 0)
				return -s->f->err;
		if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_RECONFIGURE, NULL, NULL) < 0)
			return fail(s->f, "fsconfig", at);
	}
	if (sys_mount_setattr(s->proc, 0, &attr) < 0)
		return fail(s->f, "mount_setattr", at);
	return attach(s, s->proc, at);
}

static int step_mask(struct scene *s, const struct step *st)
{
	const char *path = text(&st->f[MASK_PATH]);
	scoped_fd target = path_try(s->base, path);
	scoped_fd cover = -1;
	struct stat is;

	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return fail_with(s->f, -target, "openat2", path);
	if (fstat(target, &is) < 0)
		return fail(s->f, "fstat", path);
	cover = sys_open_tree(s->staging, text(&st->f[S_ISDIR(is.st_mode) ? MASK_DIR : MASK_FILE]),
			      OPEN_TREE_CLONE);
	if (cover < 0)
		return fail(s->f, "open_tree", path);
	return sys_move_mount(cover, target) < 0 ? fail(s->f, "move_mount", path) : 0;
}

static int step_readonly(struct scene *s, const struct step *st)
{
	const char *path = text(&st->f[READONLY_PATH]);
	struct sys_mount_attr attr = { .attr_set = SYS_MOUNT_ATTR_RDONLY };
	scoped_fd target = path_try(s->base, path);
	scoped_fd tree = -1;
	int in_place;

	if (target == -ENOENT && !st->f[READONLY_REQUIRED].num)
		return 0;
	if (target < 0)
		return fail_with(s->f, -target, "openat2", path);
	in_place = sys_is_mount_root(target); /* then its attributes can be changed where it lies */
	if (!in_place)
		tree = sys_open_tree(target, "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH);
	if (!in_place && tree < 0)
		return fail(s->f, "open_tree", path);
	if (sys_mount_setattr(in_place ? target : tree, AT_RECURSIVE, &attr) < 0)
		return fail(s->f, "mount_setattr", path);
	return !in_place && sys_move_mount(tree, target) < 0 ? fail(s->f, "move_mount", path) : 0;
}

static int step_symlink(struct scene *s, const char *target, const char *path)
{
	char name[256];
	scoped_fd dir = path_parent(s->f, s->base, path, name);

	if (dir < 0)
		return dir;
	if (symlinkat(target, dir, name) < 0 && errno != EEXIST)
		return fail(s->f, "symlinkat", path);
	return 0;
}

/* The directories above a file, for one that a link put where there are none. */
static int make_above(struct scene *s, char *path, struct owner o)
{
	char *slash = strrchr(path, '/');
	int err;

	if (!slash || slash == path)
		return 0;
	*slash = 0;
	err = path_mkdir(s->f, s->base, path, o);
	*slash = '/';
	return err;
}

static int step_file(struct scene *s, const struct step *st)
{
	const char *path = text(&st->f[FILE_PATH]);
	const struct field *content = &st->f[FILE_CONTENT];
	struct owner above = {
		.mode = 0755, .uid = (uid_t)st->f[FILE_UID].num, .gid = (gid_t)st->f[FILE_GID].num,
	};
	char name[256], settled[PATH_ROOM];
	scoped_fd dir = -1, file = -1;

	if (path_settle(s->f, s->base, path, settled) < 0 ||
	    (strcmp(path, settled) != 0 && make_above(s, settled, above) < 0))
		return -s->f->err;
	dir = path_parent(s->f, s->base, settled, name);
	if (dir < 0)
		return dir;
	file = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return errno == EEXIST && !content->len ? 0 : fail(s->f, "openat", path);
	for (uint32_t done = 0; done < content->len;) {
		ssize_t n = write(file, content->ptr + done, content->len - done);

		if (n < 0)
			return fail(s->f, "write", path);
		done += (uint32_t)n;
	}
	if (fchown(file, (uid_t)st->f[FILE_UID].num, (gid_t)st->f[FILE_GID].num) < 0)
		return fail(s->f, "fchown", path);
	if (fchmod(file, (mode_t)st->f[FILE_MODE].num & 07777) < 0)
		return fail(s->f, "fchmod", path);
	return 0;
}

static int step_root_attrs(struct scene *s, uint64_t attrs)
{
	struct sys_mount_attr attr = { .attr_set = attrs };

	return sys_mount_setattr(s->base, 0, &attr) < 0 ? fail(s->f, "mount_setattr", "/") : 0;
}

static int step_pivot(struct scene *s)
{
	if (fchdir(s->base) < 0)
		return fail(s->f, "fchdir", "/");
	/* puts the old root on top of the new one at the same place; the next call takes it away (pivot_root(2)) */
	if (sys_pivot_root(".", ".") < 0)
		return fail(s->f, "pivot_root", "/");
	if (umount2(".", MNT_DETACH) < 0)
		return fail(s->f, "umount2", "/");
	return chdir("/") < 0 ? fail(s->f, "chdir", "/") : 0;
}

static int step_chroot(struct scene *s)
{
	if (fchdir(s->base) < 0 || chroot(".") < 0)
		return fail(s->f, "chroot", "/");
	return chdir("/") < 0 ? fail(s->f, "chdir", "/") : 0;
}

/* Never through the container's own /proc, which may be anything: through our private procfs. */
static int step_sysctl(struct scene *s, const char *key, const char *value)
{
	char path[256];
	scoped_fd file = -1;

	if (snprintf(path, sizeof(path), "sys/%s", key) >= (int)sizeof(path))
		return fail_with(s->f, ENAMETOOLONG, "openat2", key);
	file = sys_openat2(s->proc, path, O_WRONLY,
			   RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	if (file < 0)
		return fail(s->f, "openat2", key);
	return write(file, value, strlen(value)) < 0 ? fail(s->f, "write", key) : 0;
}

static int step_keyring(struct scene *s)
{
	/* a kernel without keyrings, or a sandbox around us that forbids them, has none to keep out */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS &&
	    errno != EPERM)
		return fail(s->f, "keyctl", "session keyring");
	return 0;
}

/* Before the process is undumpable, when this file is still its own. Who is killed sooner already stays so. */
static int step_oom_score(struct scene *s, uint64_t value)
{
	char text[16] = "";
	scoped_fd file = sys_openat2(s->proc, "self/oom_score_adj", O_RDWR, RESOLVE_BENEATH | RESOLVE_NO_XDEV);

	if (value > 1000)
		return fail_with(s->f, EINVAL, "write", "oom_score_adj");
	if (file < 0)
		return fail(s->f, "openat2", "oom_score_adj");
	if (read(file, text, sizeof(text) - 1) < 0)
		return fail(s->f, "read", "oom_score_adj");
	if (strtol(text, NULL, 10) >= (long)value)
		return 0;
	snprintf(text, sizeof(text), "%u", (unsigned int)value);
	return pwrite(file, text, strlen(text), 0) < 0 ? fail(s->f, "write", "oom_score_adj") : 0;
}

static int step_mkdir(struct scene *s, const struct step *st)
{
	struct owner o = {
		.mode = (mode_t)st->f[MKDIR_MODE].num & 07777,
		.uid = (uid_t)st->f[MKDIR_UID].num,
		.gid = (gid_t)st->f[MKDIR_GID].num,
	};
	char settled[PATH_ROOM];

	if (path_settle(s->f, s->base, text(&st->f[MKDIR_PATH]), settled) < 0)
		return -s->f->err;
	return path_mkdir(s->f, s->base, settled, o);
}

int setup_step(struct scene *s, const struct step *st)
{
	const char *first = text(&st->f[0]);

	switch ((enum step_op)st->op) {
	case OP_NAMESPACES:
	case OP_CGROUP:
		return 0; /* done by clone */
	case OP_BIND:
	case OP_OWNED_BIND:
	case OP_EXPECT:
	case OP_DEVICE:
	case OP_MOUNT:
		return park_step(s, st);
	case OP_MOVE:
		return step_move(s, first, text(&st->f[MOVE_AT]));
	case OP_UPPER:
		return overlay_upper(s, st);
	case OP_DISK_UPPER:
		return overlay_disk_upper(s, st);
	case OP_OVERLAY:
		return overlay_mount(s, st);
	case OP_COPY_ROOT:
		return overlay_copy(s, st);
	case OP_FUSE_ROOT:
		return overlay_served(s, st);
	case OP_ROOT:
		return step_root(s, first);
	case OP_PROC:
		return step_proc(s, st);
	case OP_MASK:
		return step_mask(s, st);
	case OP_READONLY:
		return step_readonly(s, st);
	case OP_MKDIR:
		return step_mkdir(s, st);
	case OP_SYMLINK:
		return step_symlink(s, first, text(&st->f[SYMLINK_PATH]));
	case OP_FILE:
		return step_file(s, st);
	case OP_ROOT_ATTRS:
		return step_root_attrs(s, st->f[ROOT_ATTRS_ATTRS].num);
	case OP_PIVOT:
		return step_pivot(s);
	case OP_CHROOT:
		return step_chroot(s);
	case OP_HOSTNAME:
		return sethostname(first, st->f[0].len) < 0 ? fail(s->f, "sethostname", first) : 0;
	case OP_SYSCTL:
		return step_sysctl(s, first, text(&st->f[SYSCTL_VALUE]));
	case OP_KEYRING:
		return step_keyring(s);
	case OP_OOM_SCORE:
		return step_oom_score(s, st->f[OOM_SCORE_VALUE].num);
	case OP_SESSION: case OP_TERMINAL: case OP_GROUP: case OP_INIT:
	case OP_RLIMIT: case OP_UMASK: case OP_BOUNDING: case OP_USER:
	case OP_CAPABILITIES: case OP_NO_NEW_PRIVILEGES: case OP_CWD: case OP_LANDLOCK:
	case OP_SECCOMP: case OP_EXEC:
		break; /* process steps: process.c */
	}
	return fail_with(s->f, EINVAL, "step", "not a set-up step");
}

int setup_steps(struct scene *s, const struct step *steps, size_t n, enum context context)
{
	for (size_t i = 0; i < n; i++) {
		int err;

		if (!(steps[i].context & context))
			continue;
		s->f->step = (uint32_t)i;
		s->f->op = steps[i].op;
		err = setup_step(s, &steps[i]);
		if (err < 0)
			return err;
	}
	s->f->step = NONE;
	s->f->op = 0;
	return 0;
}
