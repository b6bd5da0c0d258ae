/* The launcher's own state: one process, one thread, one epoll set. */
#ifndef CAISSON_LAUNCHER_H
#define CAISSON_LAUNCHER_H

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "capture.h"
#include "clock.h"
#include "failure.h"
#include "log.h"
#include "steps.h"
#include "wire.h"

/* What an epoll event is about; lies inside the object it belongs to. */
struct source {
	enum source_kind {
		SOURCE_CONTROL,
		SOURCE_INIT,	/* a container's pid 1 says something */
		SOURCE_DEATH,	/* pidfd of a pid 1 or of a worker */
		SOURCE_OUTPUT,	/* captured stdout or stderr */
		SOURCE_INPUT,	/* room in stdin's pipe */
		SOURCE_DOOR,	/* another client */
		SOURCE_GUEST,	/* one that has not shown yet who it is */
		SOURCE_RELAY,	/* something of a terminal: relay.c */
		SOURCE_SERVER,	/* pidfd of a program that serves a root: server.c */
		SOURCE_LATE,	/* timer of one that has not answered yet */
	} kind;
	int fd;		/* -1: not open */
	int stream;
	void *owner;
};

/* Things the client has numbered. */
struct node {
	struct node *next;
	uint32_t id;
};

/* In the status of `gone`, beside the wait status: what served its root has died; its pid 1 did not carry out a kill. */
enum { STATUS_UNSERVED = 1 << 16, STATUS_STUCK = 1 << 17 };

enum { BUCKETS = 256 };

struct table {
	struct node *bucket[BUCKETS];
};

void *table_find(struct table *t, uint32_t id);
void table_add(struct table *t, struct node *n);
void table_remove(struct table *t, struct node *n);

struct plan {
	struct node node;
	struct step_list list;
	unsigned int starts;	/* containers made by it */
	int no_spare;		/* its set-up failed before anybody wanted it */
};

struct template {
	struct node node;
	int ns;		/* its mount namespace */
};

/* A network namespace, and its /proc/net/dev. */
struct net {
	int ns, dev;
};

struct container {
	struct node node;	/* of a spare: NONE */
	pid_t pid;
	int keep, created, dead, status;
	struct container *next_spare;
	struct template *spare_template;	/* of a spare: what it was built from */
	struct plan *spare_plan;
	char *born;		/* the cgroup directory that its pid 1 was born in, or NULL */
	struct field owned;	/* groups that go when the client is gone; its bytes are its own */
	int told;		/* the client knows that it stands, or why it does not */
	struct source init, death;
	int upper;		/* its tmpfs for writes, or -1 */
	int template_ns;	/* for changes; a descriptor of its own */
	struct net net;		/* back to the pool when it is dead; -1: not from there */
	int root, mount_ns;	/* for files; -1 until it stands */
	int user_seen;		/* others than its pid 1 were in its user namespace: not back to the pool */
	int single;		/* it is a user namespace of a single id */
	int user_ns;		/* kept as long as its files are; -1: the launcher's own */
	int removed;
	struct server *servers;	/* programs that serve its root: server.c */
	int unserved;		/* one of them has died (EIO) or never answered (ETIMEDOUT), and it with that */
	int stuck;		/* killed by us: its pid 1 did not carry out a kill */
	struct command *one;	/* the command of a one-shot */
	struct letter *waiting;	/* orders that its pid 1 had no room for: mailbox.c */
	uint64_t urgent_us, heard_us;
	struct container *next_dead;
};

struct command {
	struct node node;
	struct container *container;	/* or NULL, of a worker */
	struct container *serves;	/* of a file server */
	int ended, report, one_shot;
	int to_die;		/* SIGKILL was asked for */
	int is_init;		/* it is pid 1 itself; `started` waits for its execve */
	pid_t worker;
	struct source death;
	uint32_t pid;
	int status;
	uint64_t user_us, system_us, max_rss_kib, wall_us, since_us;
	uint32_t full;
	struct source stream[3];	/* our ends; those the client streams stay until it says `opened` */
	uint32_t mode[3];
	struct capture capture[3];
	struct log log[3];
	struct failure *failed;	/* why it did not run; kept for the next client */
	struct relay *relay;	/* of a command with a terminal, else NULL */
	unsigned char *input;
	size_t input_size, input_at;
	struct command *next_dead;
};

struct launcher {
	struct wire wire;
	struct source control;
	int epoll, ready, waiting;	/* waiting: for room in the control socket */
	uint32_t last_id;
	int logs;		/* directory of the logs, or -1 */
	uint64_t segment;	/* bytes of a log's file */
	struct table templates, plans, containers, commands;
	struct container *dead_containers;	/* freed at the end of a round of events */
	struct command *dead_commands;
	struct rlimit open_files;
	char *uid_map, *gid_map;
	int setgroups, userns;
	uint32_t one_id, one_uid, one_gid;	/* of namespaces of a single id: inside, outside */
};

extern struct launcher L;

/* epoll, by descriptor of the source. 0 or -errno. */
int watch(struct source *s, uint32_t events);
int rewatch(struct source *s, uint32_t events);
void unwatch(struct source *s);	/* and close */

/* hello and mapped: the launcher's own namespaces. */
int identity_hello(struct failure *f, const struct field *a);
int identity_mapped(struct failure *f);

/*
 * Namespaces that were used before, unless fresh ones are wanted. They belong to our user namespace: no container is
 * ever the administrator of one. A descriptor or -errno, noted; for networks 0 or -errno.
 */
int pool_take_net(struct failure *f, int fresh, struct net *net);
int pool_take_user(struct failure *f, int fresh, int one);	/* one: of a single id */
/* Back, if it is as good as new; gone in any case. */
void pool_give_net(struct net *net);
void pool_drop_net(struct net *net);
void pool_give_user(int fd, int one);
/* A user namespace with the containers' map, for idmapped mounts; the pool keeps it. */
int pool_user_for_mounts(struct failure *f);
/* The same for what overlays write to: the launcher's own user has an id there too. */
int pool_user_for_uppers(struct failure *f);

/* Builds a template; returns its mount namespace or -errno, noted. */
int template_build(struct failure *f, const struct step_list *steps);

/* Pid 1s, ready or under way, for a template, a plan and a cgroup directory ("": none); see birth.c. NULL: noted. */
struct container *birth_take(struct failure *f, struct template *t, struct plan *p, const char *born);
/* Makes one ahead if this plan is in use; ends those of a template or plan that is dropped, or all (NULL, NULL). */
void birth_refill(struct template *t, struct plan *p, const char *born);
void birth_end_spares(const struct template *t, const struct plan *p);
int birth_has_spares(void);
/* A spare that died or failed is nobody's any more. */
void birth_forget(struct container *c);

/* Requests about containers and commands. They answer for themselves. */
void container_start(const struct field *a);
void container_stop(uint32_t id);
void container_remove(uint32_t id);
void container_event(struct container *c, uint32_t events);	/* its pid 1 says something, or has room */
void container_release(struct container *c);	/* gives back what it holds */
void containers_end(void);	/* kills them all, and what serves their roots */
void containers_remove_groups(void);	/* all are dead */
void container_died(struct container *c);
void container_kill(struct container *c);	/* and what serves its root: its files are not wanted any more */
void command_exec(const struct field *a);
void command_signal(uint32_t id, int signo, int final);
void command_resize(uint32_t id, uint32_t cols, uint32_t rows);
void command_opened(uint32_t id, int stream);
void command_changes(const struct field *a);
/* changes, copyUpper and seal: what has to do with a container's writes. */
void command_upper(uint32_t type, const struct field *a);
void command_files(const struct field *a);
void command_limit(const struct field *a);
void command_jail(const struct field *a);
void files_end(struct container *c);	/* kills its file servers */

/* A command's life. */
struct io_request {
	uint32_t exec, report, in, out, err;
	const struct field *input;
	uint64_t max_output;
};
/* Makes it and its pipes; theirs[] are the command's ends (-1: none). NULL with the failure sent. */
struct command *command_make(const struct io_request *io, int theirs[3]);
int command_reports(const struct command *cmd);	/* whether `started` is wanted */
void command_terminal(struct command *cmd, int master); /* takes it */
void command_started(struct command *cmd, uint32_t pid);
void command_ended(struct command *cmd);	/* its numbers are filled in */
void command_failed(struct command *cmd, uint32_t kind, const struct failure *f);
void command_orphan(struct container *c);	/* ends every command of a container that died */
void command_event(struct source *s);
void command_bury(struct command *cmd);
void command_tell_ended(const struct command *cmd);
void command_drop(uint32_t id);	/* its result was taken */

/* For a launcher that outlives its clients. */
void containers_tell(void);
void commands_tell(void);
void commands_let_go(void);	/* what was tied to a client that has gone */
void lists_forget(void);	/* templates and plans */

/* Frees what died in this round. */
void bury(void);

#endif
