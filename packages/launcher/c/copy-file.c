#include "copy-file.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <linux/fs.h>

#include "launcher.h"
#include "scoped.h"
#include "sys.h"

enum { PATH_ROOM = 4096, ATTR_ROOM = 64 << 10, PART = 1 << 20 };

struct copy_rules copy_rules;

const char *overlay_mark(void)
{
	return L.userns ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

int is_overlay_mark(const char *name)
{
	const char *mark = overlay_mark();

	return !strncmp(name, mark, strlen(mark) - strlen("opaque"));
}

int is_opaque(int dir)
{
	char v;

	return fgetxattr(dir, overlay_mark(), &v, 1) == 1 && v == 'y';
}

int is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* What an overlay copies up or fails; it does without the others. */
static int must_keep(const char *name)
{
	return !strcmp(name, "security.capability") || !strncmp(name, "system.posix_acl_", 17);
}

/* What the file system of the copy does not take (EOPNOTSUPP) would be a copy of something else: an error. */
int copy_attrs(int from, int to)
{
	static char attrs[ATTR_ROOM], value[ATTR_ROOM];
	ssize_t n = flistxattr(from, attrs, sizeof(attrs));

	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(attrs + at) + 1) {
		const char *name = attrs + at;
		ssize_t size;

		if ((copy_rules.as_root || copy_rules.unmarked) && is_overlay_mark(name))
			continue;
		if (copy_rules.served && !strncmp(name, "user.fuseoverlayfs.", 19))
			continue;
		size = fgetxattr(from, name, value, sizeof(value));
		if (size < 0 && errno == ENODATA)
			continue; /* gone meanwhile */
		if (size >= 0 && fsetxattr(to, name, value, (size_t)size, 0) == 0)
			continue;
		if (!copy_rules.as_root || must_keep(name))
			return -errno;
	}
	return 0;
}

static int copy_part(int from, int to, off_t at, off_t end)
{
	off_t in = at, out = at;
	int plain = copy_rules.apart;

	if (lseek(to, at, SEEK_SET) < 0)
		return -errno;
	while (in < end) {
		size_t want = end - in < PART ? (size_t)(end - in) : PART;
		ssize_t n = plain ? sendfile(to, from, &in, want) : copy_file_range(from, &in, to, &out, want, 0);

		if (n == 0)
			return 0; /* it shrank */
		/* between file systems: nothing was moved, and `to` stands where it did */
		if (n < 0 && !plain && in == at)
			plain = 1;
		else if (n < 0)
			return -errno;
	}
	return 0;
}

/* Shared with the original where the file system can; else what is data, without the holes. */
static int copy_data(int from, int to, off_t size)
{
	off_t at = 0;
	int err = 0;

	if (!copy_rules.apart && ioctl(to, FICLONE, from) == 0)
		return 0;
	while (err == 0 && at < size) {
		off_t data = lseek(from, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		err = copy_part(from, to, data, hole);
		at = hole;
	}
	return err == 0 && ftruncate(to, size) < 0 ? -errno : err;
}

/* EINVAL, EOVERFLOW: an owner that is none here. */
static int is_nobodys(void)
{
	return copy_rules.as_root && (errno == EINVAL || errno == EOVERFLOW);
}

int copy_owner(int to, const struct stat *st, mode_t *mode)
{
	*mode = st->st_mode & 07777;
	if (fchown(to, st->st_uid, st->st_gid) == 0)
		return 0;
	if (!is_nobodys())
		return -errno;
	*mode &= ~(mode_t)(S_ISUID | S_ISGID);
	return fchown(to, copy_rules.uid, copy_rules.gid) < 0 ? -errno : 0;
}

/* A change of owner takes set-user-ID bits and capabilities away: mode and attributes come after it. */
int copy_file(int dir, int to_dir, const char *name, const struct stat *seen, int closed)
{
	scoped_fd from = closed ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int unreadable = closed || (from < 0 && errno == EACCES && copy_rules.as_root);
	struct stat st = *seen;
	scoped_fd to = -1;
	mode_t mode;
	int err;

	if (!unreadable && (from < 0 || fstat(from, &st) < 0))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ESTALE;
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	err = unreadable ? 0 : copy_data(from, to, st.st_size);
	if (err == 0)
		err = copy_owner(to, &st, &mode);
	if (err == 0 && !unreadable)
		err = copy_attrs(from, to);
	if (err == 0 && fchmod(to, unreadable ? 0 : mode) < 0)
		err = -errno;
	return err == 0 && futimens(to, (struct timespec[]){ st.st_atim, st.st_mtim }) < 0 ? -errno : err;
}

int copy_special(int dir, int to_dir, const char *name, const struct stat *st)
{
	int device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
	mode_t mode = st->st_mode & 07777;
	char target[PATH_ROOM];
	ssize_t n;
	int err;

	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(dir, name, target, sizeof(target) - 1);
		if (n < 0)
			return -errno;
		target[n] = 0;
		err = symlinkat(target, to_dir, name);
	} else {
		err = mknodat(to_dir, name, st->st_mode & (S_IFMT | 07777), st->st_rdev);
	}
	if (err < 0)
		return errno == EPERM && device && copy_rules.as_root ? 0 : -errno;
	if (fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0) {
		if (!is_nobodys() || fchownat(to_dir, name, copy_rules.uid, copy_rules.gid, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
	}
	if (!S_ISLNK(st->st_mode) && fchmodat(to_dir, name, mode, 0) < 0)
		return -errno;
	return utimensat(to_dir, name, (struct timespec[]){ st->st_atim, st->st_mtim },
			 AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}
