#include "fuse-root.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "init.h"
#include "orders.h"
#include "park.h"
#include "scoped.h"
#include "sys.h"

int is_served(int upper, const char *name)
{
	struct stat st;
	scoped_fd dir = openat(upper, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return dir >= 0 && fstatat(dir, SERVED_MARK, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Detached, and not answered for by anybody yet. */
static int make_mount(struct scene *s, const struct step *st, int connection)
{
	scoped_fd fs = sys_fsopen("fuse");
	char fd[32], uid[32], gid[32];
	/* who may do what is the kernel's to say, by owners and modes; and not only its mounter may do anything */
	const char *options[] = { "source=fuse-overlayfs", fd, "rootmode=40000", uid, gid, "default_permissions",
				  "allow_other" };
	int mnt;

	if (fs < 0)
		return fail(s->f, "fsopen", "fuse");
	snprintf(fd, sizeof(fd), "fd=%d", connection);
	snprintf(uid, sizeof(uid), "user_id=%u", (unsigned int)getuid());
	snprintf(gid, sizeof(gid), "group_id=%u", (unsigned int)getgid());
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (park_option(s->f, fs, options[i]) < 0)
			return -s->f->err;
	if (sys_fsconfig(fs, SYS_FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return park_refused(s->f, fs, errno, "fuse");
	mnt = sys_fsmount(fs, (uint32_t)st->f[FUSE_ROOT_ATTRS].num);
	return mnt < 0 ? fail(s->f, "fsmount", "fuse") : mnt;
}

/* The launcher learns of it, and of our mounts, in which lowers and writes are found; from then on the connection is not ours. */
static int ask_for_server(struct scene *s, int connection)
{
	struct report r = { .type = REPORT_SERVE, .exec = s->f->step };
	scoped_fd mounts = openat(s->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int err;

	if (mounts < 0)
		return fail(s->f, "openat", "self/ns/mnt");
	err = orders_send(s->sock, &r, sizeof(r), (int[]){ connection, mounts }, 2, 0);
	return err < 0 ? fail_with(s->f, -err, "sendmsg", "fuse-overlayfs") : 0;
}

static int tell_served(struct scene *s)
{
	struct report r = { .type = REPORT_SERVED, .exec = s->f->step };
	int err = orders_send(s->sock, &r, sizeof(r), NULL, 0, 0);

	return err < 0 ? fail_with(s->f, -err, "sendmsg", "fuse-overlayfs") : 0;
}

int fuse_root_make(struct scene *s, const struct step *st)
{
	const char *device = text(&st->f[FUSE_ROOT_DEVICE]);
	char name[32];
	scoped_fd dir = -1, connection = -1, mnt = -1;
	struct stat is;

	snprintf(name, sizeof(name), "%u", (unsigned int)st->f[FUSE_ROOT_INDEX].num);
	dir = openat(s->upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || mkdirat(dir, SERVED_MARK, 0700) < 0)
		return fail(s->f, "mkdirat", SERVED_MARK);
	connection = sys_openat2(s->staging, device, O_RDWR, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (connection < 0)
		return fail(s->f, "openat2", "/dev/fuse");
	mnt = make_mount(s, st, connection);
	if (mnt < 0 || ask_for_server(s, connection) < 0)
		return -s->f->err;
	close(steal_fd(&connection));
	/*
	 * Waits for the program's first answer; where that dies, or never ran, nobody holds the connection, and the kernel ends it.
	 * One that hangs, the launcher ends.
	 */
	if (fstat(mnt, &is) < 0)
		return fail(s->f, "fstat", "fuse-overlayfs");
	if (tell_served(s) < 0)
		return -s->f->err;
	return steal_fd(&mnt);
}
