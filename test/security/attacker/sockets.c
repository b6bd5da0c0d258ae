/* Sockets that pass network namespaces, or see more than their own traffic. */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "attacker.h"

static int make(long family, int type, int protocol)
{
	return outcome(syscall(SYS_socket, family, type, protocol));
}

static int vsock(const char *arg)
{
	(void)arg;
	return make(40, SOCK_STREAM, 0);
}

static int vsock_wide(const char *arg)
{
	(void)arg;
	return make(40 | (1L << 32), SOCK_STREAM, 0);
}

static int alg(const char *arg)
{
	(void)arg;
	return make(38, SOCK_SEQPACKET, 0);
}

static int alg_wide(const char *arg)
{
	(void)arg;
	return make(38 | (1L << 32), SOCK_SEQPACKET, 0);
}

static int packet(const char *arg)
{
	(void)arg;
	return make(AF_PACKET, SOCK_RAW, 0);
}

static int raw(const char *arg)
{
	(void)arg;
	return make(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int xdp(const char *arg)
{
	(void)arg;
	return make(44, SOCK_RAW, 0);
}

static int can(const char *arg)
{
	(void)arg;
	return make(29, SOCK_RAW, 1);
}

static int bluetooth(const char *arg)
{
	(void)arg;
	return make(31, SOCK_RAW, 1);
}

static int netlink(const char *protocol)
{
	return make(AF_NETLINK, SOCK_RAW, atoi(protocol));
}

static int internet(const char *arg)
{
	(void)arg;
	return make(AF_INET, SOCK_STREAM, 0);
}

static int link_down(const char *arg)
{
	struct ifreq req = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)arg;
	return fd < 0 ? -errno : outcome(ioctl(fd, SIOCSIFFLAGS, &req));
}

static int low_port(const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 ? -errno : outcome(connect(fd, (struct sockaddr *)&at, sizeof(at)));
}

static int abstract(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return -errno;
	/* Node fills names up with zeros, which count */
	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "%s", name);
	return outcome(connect(fd, (struct sockaddr *)&at, sizeof(at)));
}

static void socket_families(char **args)
{
	(void)args;
	attempt("AF_VSOCK", vsock, NULL);
	attempt("AF_VSOCK with high bits", vsock_wide, NULL);
	attempt("AF_ALG", alg, NULL);
	attempt("AF_ALG with high bits", alg_wide, NULL);
	attempt("AF_PACKET", packet, NULL);
	attempt("raw AF_INET", raw, NULL);
	attempt("AF_XDP", xdp, NULL);
	attempt("AF_CAN", can, NULL);
	attempt("AF_BLUETOOTH", bluetooth, NULL);
	attempt("NETLINK_AUDIT", netlink, "9");
	attempt("AF_INET", internet, NULL);
	attempt("take down the loopback", link_down, NULL);
}

/* An abstract name, then a TCP port of the host's loopback. */
static void host_sockets(char **args)
{
	attempt("an abstract socket of the host", abstract, args[0]);
	attempt("a port of the host", low_port, args[1]);
}

const struct idea socket_ideas[] = {
	{ "socket-families", socket_families }, { "host-sockets", host_sockets }, { NULL, NULL },
};
