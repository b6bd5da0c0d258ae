/* Who the launcher is: root as it stands, or root of a user namespace of its own; always in a mount namespace of its own. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "kernel-file.h"
#include "landlock.h"
#include "launcher.h"
#include "share.h"
#include "scoped.h"
#include "sys.h"

static int map_alone(struct failure *f, uid_t uid, gid_t gid)
{
	char line[64];

	/* without it a group that only denies access could be dropped (CVE-2014-8989) */
	if (kernel_write(f, "/proc/self/setgroups", "deny") < 0)
		return -f->err;
	snprintf(line, sizeof(line), "0 %u 1", uid);
	if (kernel_write(f, "/proc/self/uid_map", line) < 0)
		return -f->err;
	snprintf(line, sizeof(line), "0 %u 1", gid);
	return kernel_write(f, "/proc/self/gid_map", line);
}

static int own_mounts(struct failure *f)
{
	if (unshare(CLONE_NEWNS) < 0)
		return fail(f, "unshare", "mount namespace");
	/* nothing we mount may ever show on the host; unmounts of the host may show here */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return fail(f, "mount", "/");
	return 0;
}

static void ready(void)
{
	L.ready = 1;
	reply_begin(&L.wire, REPLY_READY);
	reply_u32(&L.wire, (uint32_t)getpid());
	reply_u32(&L.wire, (uint32_t)landlock_version());
	reply_end(&L.wire);
}

int identity_hello(struct failure *f, const struct field *a)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	pid_t pid = getpid();

	if (a[HELLO_VERSION].num != PROTOCOL_VERSION)
		return fail_with(f, EPROTONOSUPPORT, "hello", "version");
	if (L.uid_map)
		return fail_with(f, EALREADY, "hello", "said twice");
	/* a filter around us may refuse it: then nothing that is started could be ended, and we could not leave */
	if (sys_pidfd_send_signal(-1, 0) < 0 && errno != EBADF)
		return fail(f, "pidfd_send_signal", "processes");
	/* what a filter around us made of it would be given to programs that are set-user-ID */
	if (pid <= 0)
		return fail_with(f, EPERM, "getpid", "processes");
	L.userns = (int)a[HELLO_USERNS].num;
	L.setgroups = a[HELLO_SETGROUPS].num != 0;
	L.one_id = (uint32_t)a[HELLO_ONE_ID].num;
	L.one_uid = (uint32_t)a[HELLO_ONE_UID].num;
	L.one_gid = (uint32_t)a[HELLO_ONE_GID].num;
	L.uid_map = must_copy(text(&a[HELLO_UID_MAP]));
	L.gid_map = must_copy(text(&a[HELLO_GID_MAP]));
	if (L.userns == 0) {
		if (own_mounts(f) < 0)
			return -f->err;
		ready();
		return 0;
	}
	if (share_measure(f) < 0)
		return -f->err;
	if (unshare(CLONE_NEWUSER) < 0)
		return fail(f, "unshare", "user namespace");
	if (L.userns == 1) {
		if (map_alone(f, uid, gid) < 0)
			return -f->err;
		return identity_mapped(f);
	}
	reply_begin(&L.wire, REPLY_NEED_MAPS);
	reply_u32(&L.wire, (uint32_t)pid);
	reply_end(&L.wire);
	return 0;
}

int identity_mapped(struct failure *f)
{
	if (L.ready || !L.uid_map || L.userns == 0)
		return fail_with(f, EINVAL, "mapped", "not asked for");
	if (L.userns == 2 && syscall(SYS_setgroups, 0, NULL) < 0)
		return fail(f, "setgroups", "user namespace");
	if (syscall(SYS_setresgid, 0, 0, 0) < 0)
		return fail(f, "setresgid", "user namespace");
	if (syscall(SYS_setresuid, 0, 0, 0) < 0)
		return fail(f, "setresuid", "user namespace");
	if (share_limit(f) < 0 || own_mounts(f) < 0)
		return -f->err;
	ready();
	return 0;
}
