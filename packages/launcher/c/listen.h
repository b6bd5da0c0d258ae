/* A launcher that outlives its client: it holds its containers until the next one comes. */
#ifndef CAISSON_LISTEN_H
#define CAISSON_LISTEN_H

#include "decode.h"
#include "launcher.h"

void listen_request(const struct field *a);
int listening(void);
/* Somebody connects, or says who it is; the next one waits until this one has gone. */
void listen_event(struct source *s);
/* Milliseconds to wait at most (-1: for ever), if others wait `ms`: who does not say who it is is sent away. */
int listen_pause(int ms);
void listen_client_gone(void);
int listen_needed(void);	/* 0: no client, nothing held */
void listen_end(void);		/* takes the socket away */

#endif
