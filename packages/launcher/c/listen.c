#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher.h"
#include "peer.h"
#include "scoped.h"

enum { GUEST_MS = 5000 };

static struct source guest = { .kind = SOURCE_GUEST, .fd = -1 };
static struct peer guest_is;
static struct source door = { .kind = SOURCE_DOOR, .fd = -1 };
static int directory = -1;
static struct stat own; /* the socket as we made it */
static char name[32];

int listening(void)
{
	return door.fd >= 0;
}

static void say_listening(void)
{
	reply_begin(&L.wire, REPLY_LISTENING);
	reply_u32(&L.wire, (uint32_t)getpid());
	reply_u32(&L.wire, L.last_id);
	reply_end(&L.wire);
}

/* Through the directory's descriptor: a path of any length, and the very directory that was looked at. */
static int bind_in_directory(struct failure *f)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	scoped_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0177);
	int err = 0;

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%s", directory, name);
	/* bind makes the file anew: it neither follows a link nor takes what is there */
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		err = fail(f, "bind", name);
	umask(mask);
	if (err < 0)
		return err;
	if (fstatat(directory, name, &own, AT_SYMLINK_NOFOLLOW) < 0 || listen(fd, 8) < 0)
		return fail(f, "listen", name);
	door.fd = steal_fd(&fd);
	return 0;
}

static int open_private(struct failure *f, const char *path)
{
	struct stat st;
	int fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_RDONLY);

	if (fd < 0)
		return fail(f, "open", path);
	/* nobody else may put anything there */
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 077)) {
		close(fd);
		return fail_with(f, EACCES, "open", path);
	}
	return fd;
}

static int take_places(struct failure *f, char *path, const struct field *a)
{
	char *slash = strrchr(path, '/');

	if (listening())
		return fail_with(f, EALREADY, "listen", path);
	if (!slash || slash == path || strlen(slash + 1) - 1 >= sizeof(name) - 1)
		return fail_with(f, EINVAL, "listen", path);
	snprintf(name, sizeof(name), "%s", slash + 1);
	*slash = 0;
	L.segment = a[LISTEN_LOG_BYTES].num / 2;
	if (!L.segment)
		return fail_with(f, EINVAL, "listen", "logBytes");
	directory = open_private(f, path);
	if (directory < 0)
		return -f->err;
	L.logs = open_private(f, text(&a[LISTEN_LOGS]));
	return L.logs < 0 ? -f->err : bind_in_directory(f);
}

void listen_request(const struct field *a)
{
	struct failure f = { .step = NONE };
	char path[4096];

	if (a[LISTEN_PATH].len >= sizeof(path)) {
		fail_with(&f, ENAMETOOLONG, "listen", "path");
	} else {
		memcpy(path, a[LISTEN_PATH].ptr, a[LISTEN_PATH].len + 1);
		take_places(&f, path, a);
	}
	if (f.err)
		reply_failed(&L.wire, 5, 0, &f);
	else
		say_listening();
}

static void send_away(void)
{
	close(guest_is.fd);
	unwatch(&guest);
	watch(&door, EPOLLIN);
}

static void take_in(void)
{
	int fd = accept4(door.fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (peer_ask(&guest_is, fd) < 0) {
		close(fd);
		return;
	}
	guest.fd = fd;
	epoll_ctl(L.epoll, EPOLL_CTL_DEL, door.fd, NULL);
	if (watch(&guest, EPOLLIN) < 0)
		send_away();
}

static void hear(void)
{
	int is = peer_answered(&guest_is, guest.fd);

	if (is < 0)
		send_away();
	if (is <= 0)
		return;
	L.control.fd = L.wire.fd = guest.fd;
	guest.fd = -1;
	close(guest_is.fd);
	/* the same file: only what it is about is another thing */
	if (rewatch(&L.control, EPOLLIN) < 0) {
		unwatch(&L.control);
		watch(&door, EPOLLIN);
		return;
	}
	containers_tell();
	commands_tell();
	say_listening();
}

void listen_event(struct source *s)
{
	if (s == &door && L.control.fd < 0 && guest.fd < 0)
		take_in();
	else if (s == &guest && guest.fd >= 0)
		hear();
}

int listen_pause(int ms)
{
	uint64_t waited;

	if (guest.fd < 0)
		return ms;
	waited = (now_us() - guest_is.since_us) / 1000;
	if (waited >= GUEST_MS) {
		send_away();
		return ms;
	}
	return ms < 0 || (uint64_t)ms > GUEST_MS - waited ? (int)(GUEST_MS - waited) : ms;
}

void listen_client_gone(void)
{
	unwatch(&L.control);
	wire_reset(&L.wire);
	L.waiting = 0;
	lists_forget(); /* the next client numbers its own */
	commands_let_go();
	watch(&door, EPOLLIN);
}

int listen_needed(void)
{
	if (L.control.fd >= 0 || guest.fd >= 0)
		return 1;
	for (size_t i = 0; i < BUCKETS; i++)
		if (L.containers.bucket[i])
			return 1;
	return 0;
}

void listen_end(void)
{
	struct stat st;

	/* only our own: somebody may have put another in its place */
	if (listening() && fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == own.st_ino &&
	    st.st_dev == own.st_dev)
		unlinkat(directory, name, 0);
}
