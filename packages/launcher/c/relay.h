/*
 * Between a command's terminal and its client. The master of a terminal cannot be handed on by /proc/<pid>/fd, as pipes
 * are (that would open another terminal), so the launcher carries its bytes: to the capture, or to a pipe that the client
 * reads, and no faster than it reads; and from what the client wrote.
 */
#ifndef CAISSON_RELAY_H
#define CAISSON_RELAY_H

#include "launcher.h"

/* Before the start: takes the command's ends of its pipes, which stay here. */
void relay_make(struct command *cmd, int theirs[3]);

/* The terminal is there. It is ours from now on. */
void relay_start(struct command *cmd, int master);

/* Moves what can be moved now. */
void relay_pump(struct command *cmd);

/* The command has ended: takes what is left, and no more than that, whoever holds the terminal still. */
void relay_finish(struct command *cmd);

/* Whether there is still something for the client to read. */
int relay_open(const struct command *cmd);

void relay_resize(struct command *cmd, uint32_t cols, uint32_t rows);
void relay_close(struct command *cmd);

#endif
