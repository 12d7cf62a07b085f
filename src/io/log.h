/*
 * Lines to a descriptor that is shared with everybody else (our stdout): O_NONBLOCK is never set on
 * it, and it never blocks us. Lines gather in a capped queue until the turn is over; what cannot be
 * written then waits there; what does not fit is dropped and counted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct loop;
struct log;

enum {
	LOG_QUEUE_BYTES = 98304, /* more than any line */
};

/* fd is borrowed. Returns 0 or -ENOMEM. */
int log_new(struct loop *loop, int fd, struct log **ret_log);
/* Writes what can be written at once, then frees. Harmless on NULL. */
void log_free(struct log **log);

/* Queues one whole line (newline included); an over-full queue drops it. */
void log_write(struct log *log, const char *line, size_t length_bytes);

/* Writes what is queued, as far as that goes without waiting; the rest follows by itself. */
void log_flush(struct log *log);

/* Waits until all is written, for no longer than that: only for the end, when nobody waits for us.
 */
void log_finish(struct log *log, uint64_t limit_ms);

/* Lines dropped since the last call, to be told; 0 as long as nothing can be told. */
uint64_t log_take_dropped(struct log *log);

/* All that have been dropped, also those that nobody has been told of yet. */
uint64_t log_dropped(const struct log *log);
