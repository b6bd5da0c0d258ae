#include "seal.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "scoped.h"
#include "sys.h"

/* Kernels before 6.3 do not know it and always allow; later ones may be told to refuse what does not ask. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static int make_copy(struct failure *f, int from)
{
	scoped_fd copy = memfd_create("caisson", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	struct stat is;
	off_t at = 0;

	if (copy < 0 && errno == EINVAL)
		copy = memfd_create("caisson", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0)
		return fail(f, "memfd_create", "copy");
	if (fstat(from, &is) < 0)
		return fail(f, "fstat", "/proc/self/exe");
	while (at < is.st_size) {
		ssize_t n = sendfile(copy, from, &at, (size_t)(is.st_size - at));

		if (n <= 0)
			return fail_with(f, n < 0 ? errno : EIO, "sendfile", "copy");
	}
	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return fail(f, "fcntl", "F_ADD_SEALS");
	return steal_fd(&copy);
}

int seal_self(struct failure *f, char **envp)
{
	/* containers see this name in /proc/1/cmdline: it must not tell them where we lie on the host */
	static char name[] = "caisson";
	char *argv[] = { name, NULL };
	scoped_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	scoped_fd copy = -1;
	int seals;

	if (self < 0)
		return fail(f, "open", "/proc/self/exe");
	seals = fcntl(self, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) == SEALS)
		return prctl(PR_SET_NAME, name, 0, 0, 0) < 0 ? fail(f, "prctl", "PR_SET_NAME") : 0;
	copy = make_copy(f, self);
	if (copy < 0)
		return copy;
	syscall(SYS_execveat, copy, "", argv, envp, AT_EMPTY_PATH);
	return fail(f, "execveat", "copy");
}
