/* Templates: a child builds a small tree of mounts while it still sees the host, then leaves the host behind. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>

#include "launcher.h"
#include "orders.h"
#include "path.h"
#include "scoped.h"
#include "setup.h"
#include "sys.h"

/* The tmpfs in which mounts are parked, attached over / (only we look at that place). */
static int make_staging(struct scene *s)
{
	static const char *const options[] = { "mode=0755", "size=1m", "nr_inodes=4096", NULL };
	scoped_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct owner o = { .mode = 0755 };
	int mnt = setup_tmpfs(s->f, options, SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV);

	if (mnt < 0 || root < 0)
		return mnt < 0 ? mnt : fail(s->f, "open", "/");
	s->staging = s->base = mnt;
	if (sys_move_mount(mnt, root) < 0)
		return fail(s->f, "move_mount", "template");
	if (path_mkdir(s->f, mnt, ROOT_DIR, o) < 0 || path_mkdir(s->f, mnt, UPPER_DIR, o) < 0)
		return -s->f->err;
	return 0;
}

static int leave_host(struct scene *s)
{
	struct sys_mount_attr readonly = { .attr_set = SYS_MOUNT_ATTR_RDONLY };
	struct sys_mount_attr alone = { .propagation = MS_PRIVATE };

	if (fchdir(s->staging) < 0 || sys_pivot_root(".", ".") < 0)
		return fail(s->f, "pivot_root", "template");
	if (umount2(".", MNT_DETACH) < 0)
		return fail(s->f, "umount2", "template");
	if (sys_mount_setattr(s->staging, AT_RECURSIVE, &alone) < 0)
		return fail(s->f, "mount_setattr", "template");
	/* containers share this tmpfs: none may write to it */
	if (sys_mount_setattr(s->staging, 0, &readonly) < 0)
		return fail(s->f, "mount_setattr", "template");
	return 0;
}

static _Noreturn void build(int sock, int userns, const struct step_list *steps)
{
	struct failure f = { .step = NONE };
	struct scene s = { .f = &f, .base = -1, .staging = -1, .userns = userns, .proc = -1, .upper = -1 };
	int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	umask(022);
	if (ns < 0)
		fail(&f, "open", "/proc/self/ns/mnt");
	else if (make_staging(&s) == 0 && setup_steps(&s, steps->step, steps->n, IN_TEMPLATE) == 0)
		leave_host(&s);
	orders_send(sock, &f, sizeof(f), &ns, f.err ? 0 : 1, 0);
	_exit(0);
}

int template_build(struct failure *f, const struct step_list *steps)
{
	int pair[2], ns = -1;
	int userns = L.userns ? -1 : pool_user_for_mounts(f);
	ssize_t n;
	pid_t pid;

	if (!L.userns && userns < 0)
		return userns;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(f, "socketpair", "template");
	pid = sys_fork(CLONE_NEWNS, NULL);
	if (pid == 0)
		build(pair[1], userns, steps);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return fail(f, "clone3", "template");
	}
	n = orders_receive(pair[0], f, sizeof(*f), &ns, 1);
	close(pair[0]);
	waitpid(pid, NULL, 0);
	if (n != (ssize_t)sizeof(*f))
		return fail_with(f, EIO, "template", "its builder died");
	return f->err ? -f->err : ns;
}
