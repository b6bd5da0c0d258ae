/* Commands between two clients of a launcher that outlives them. */
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>

#include "launcher.h"
#include "sys.h"

void command_drop(uint32_t id)
{
	struct command *cmd = table_find(&L.commands, id);

	if (!cmd || !cmd->ended || cmd->worker)
		return;
	log_remove(id, &cmd->log[1], &cmd->log[2]);
	command_bury(cmd);
}

/* Nobody reads what it streamed any more: from now on we do. */
static void take_over(struct command *cmd)
{
	if (cmd->worker) {
		if (cmd->ended)
			command_bury(cmd);
		else
			sys_pidfd_send_signal(cmd->death.fd, SIGKILL);
		for (int i = 0; i < 3; i++)
			cmd->mode[i] = STDIO_NULL;
		return;
	}
	for (int i = 0; i < 3; i++) {
		if (cmd->mode[i] != STDIO_STREAM || cmd->stream[i].fd < 0)
			continue;
		cmd->mode[i] = i ? STDIO_CAPTURE : STDIO_NULL;
		if (i && !cmd->ended && fcntl(cmd->stream[i].fd, F_SETFL, O_NONBLOCK) == 0) {
			log_open(&cmd->log[i], cmd->node.id, i);
			watch(&cmd->stream[i], EPOLLIN);
		} else {
			unwatch(&cmd->stream[i]);
		}
	}
}

void commands_let_go(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct node *next;

		for (struct node *n = L.commands.bucket[i]; n; n = next) {
			next = n->next;
			take_over((struct command *)n);
		}
	}
}

void commands_tell(void)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct node *n = L.commands.bucket[i]; n; n = n->next) {
			struct command *cmd = (struct command *)n;

			if (cmd->worker)
				continue;
			cmd->report = 1;
			if (!cmd->failed)
				command_started(cmd, cmd->pid);
			if (cmd->failed)
				reply_failed(&L.wire, 4, cmd->node.id, cmd->failed);
			else if (cmd->ended)
				command_tell_ended(cmd);
		}
	}
}
