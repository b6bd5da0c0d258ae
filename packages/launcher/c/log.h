/* Output on disk: segments named <exec>.out.<offset>, of which the last two are kept; <exec>.end says how long it got. */
#ifndef CAISSON_LOG_H
#define CAISSON_LOG_H

#include <stddef.h>
#include <stdint.h>

struct log {
	int fd;			/* the open segment, or -1 */
	uint64_t start, end;	/* where it begins; where the stream has come to */
};

/* Nothing here fails: a log that cannot be written has a gap, and the command runs on. */
void log_open(struct log *g, uint32_t exec, int stream);
void log_add(struct log *g, uint32_t exec, int stream, const unsigned char *bytes, size_t n);
void log_close(struct log *g);
void log_ended(uint32_t exec, const struct log *out, const struct log *err);
void log_remove(uint32_t exec, const struct log *out, const struct log *err);

#endif
