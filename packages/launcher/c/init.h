/* Pid 1 of a container: builds the root, enters the user namespace, starts commands, reaps, reports. */
#ifndef CAISSON_INIT_H
#define CAISSON_INIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "failure.h"
#include "steps.h"

/* What pid 1 tells the launcher, one datagram each. */
/*
 * REPORT_STARTED of a command with a terminal brings its master. REPORT_BECOMING: pid 1 is about to become the command,
 * which has happened when the socket ends without a REPORT_FAILED. REPORT_SERVE: step `exec` of the plan waits for its program;
 * a connection of FUSE and the mount namespace come along. REPORT_SERVED: it has its first answer.
 */
enum report_type { REPORT_CREATED = 1, REPORT_FAILED, REPORT_STARTED, REPORT_ENDED, REPORT_BECOMING, REPORT_SERVE, REPORT_SERVED };

struct report {
	uint32_t type;
	uint32_t exec;		/* NONE: the container itself */
	int32_t pid, status;
	uint64_t user_us, system_us, max_rss_kib, wall_us;
	uint32_t full;		/* 1: no byte, 2: no inode was left to write */
	struct failure failure;
};

/*
 * What the launcher asks of it. The first is ORDER_START, which makes a container out of a root that stands ready. Both
 * lists of steps follow in the datagram, or lie in a memfd where they are too long for one; then come the streams.
 */
enum order_type { ORDER_START = 1, ORDER_EXEC, ORDER_SIGNAL };

enum { ORDER_INLINE = 64 << 10 };

struct order {
	uint32_t type;
	uint32_t exec;		/* NONE, of a start: no command yet */
	int32_t signo;
	uint32_t final;		/* of a signal: when the command ends, so does its tree */
	uint32_t keep, report;	/* of a start: stay without a command; say when it runs, not only when it ended */
	uint32_t streams;	/* bit i: a descriptor for stream i follows */
	uint32_t memfd;		/* the lists are in the first descriptor */
	uint32_t groups;	/* that many descriptors for groups follow: join.h */
	uint64_t plan_size, own_size;
};

/* All it starts from; its memory is a copy of the launcher's. Descriptors are -1 where there is none. */
struct birth {
	int sock;
	int template_ns, net_ns, user_ns;
	uint32_t id;	/* of pid 1 in that user namespace */
	const struct step_list *container;
	struct rlimit open_files; /* as the launcher found it */
};

_Noreturn void init_run(struct birth *b);

/* As that id in a user namespace (-1: stay in ours), with power over it: no right over anything outside is left. */
int init_enter_user(struct failure *f, int user_ns, uint32_t id);

#endif
