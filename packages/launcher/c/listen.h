/* A launcher that outlives its client: it holds its containers until the next one comes. */
#ifndef CAISSON_LISTEN_H
#define CAISSON_LISTEN_H

#include "decode.h"

void listen_request(const struct field *a);
int listening(void);
void listen_accept(void);	/* somebody connects; the next one waits until this one has gone */
void listen_client_gone(void);
int listen_needed(void);	/* 0: no client, nothing held */
void listen_end(void);		/* takes the socket away */

#endif
