/*
 * Lines to a descriptor that is shared with everybody else (our stdout): O_NONBLOCK is never set on
 * it, and it never blocks us. What cannot be written waits in a capped queue; what does not fit
 * there is dropped and counted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct loop;
struct log;

enum {
	LOG_QUEUE_BYTES = 65536,
};

/* fd is borrowed. Returns 0 or -ENOMEM. */
int log_new(struct loop *loop, int fd, struct log **ret_log);
/* Writes what can be written at once, then frees. Harmless on NULL. */
void log_free(struct log **log);

/* Writes or queues one whole line (newline included); an over-full queue drops it. */
void log_write(struct log *log, const char *line, size_t length_bytes);

/* Lines dropped since the last call. Asked for when the queue is empty again: tell people. */
uint64_t log_take_dropped(struct log *log);

/* All that have been dropped, also those that nobody has been told of yet. */
uint64_t log_dropped(const struct log *log);
