/* Templates: a child builds a small tree of mounts while it still sees the host, then leaves the host behind. */
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "helper.h"
#include "launcher.h"
#include "park.h"
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

struct order_of_work {
	int userns, upper_userns;
	const struct step_list *steps;
};

static int build(struct failure *f, const void *arg, int *fds)
{
	const struct order_of_work *o = arg;
	struct scene s = { .f = f, .base = -1, .staging = -1, .userns = o->userns,
			   .upper_userns = o->upper_userns, .proc = -1, .upper = -1 };
	int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	umask(022);
	if (ns < 0)
		return fail(f, "open", "/proc/self/ns/mnt");
	if (park_maps(&s, o->steps->step, o->steps->n) < 0 || make_staging(&s) < 0 ||
	    setup_steps(&s, o->steps->step, o->steps->n, IN_TEMPLATE) < 0 ||
	    leave_host(&s) < 0)
		return -f->err;
	fds[0] = ns;
	return 1;
}

static int has_upper(const struct step_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->step[i].op == OP_BIND && l->step[i].f[BIND_IDMAP].num == IDMAP_UPPER)
			return 1;
	return 0;
}

int template_build(struct failure *f, const struct step_list *steps)
{
	struct order_of_work o = { .userns = -1, .upper_userns = -1, .steps = steps };
	int ns;

	if (!L.userns && (o.userns = pool_user_for_mounts(f)) < 0)
		return o.userns;
	if (!L.userns && has_upper(steps) && (o.upper_userns = pool_user_for_uppers(f)) < 0)
		return o.upper_userns;
	return helper_fds(f, CLONE_NEWNS, build, &o, &ns, 1) < 0 ? -f->err : ns;
}
