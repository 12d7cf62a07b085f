#include "io/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/loop.h"

struct log {
	struct loop *loop;
	int fd;
	struct loop_watch *watch; /* while something waits */
	char *queue;
	size_t queued_bytes;
	uint64_t dropped;
	bool is_broken; /* nobody reads any more: everything is dropped */
	bool is_full; /* a file without room; waiting for it would never sleep: lines are dropped */
};

static bool is_without_room(ssize_t result)
{
	return result == -ENOSPC || result == -EDQUOT || result == -EFBIG;
}

/*
 * Writes as much as does not block. A pipe that polls writable takes PIPE_BUF bytes at least
 * (pipe(7)), hence the pieces. Returns the bytes written, or -errno for a descriptor that is lost
 * or without room.
 */
static ssize_t log_write_now(const struct log *log, const char *bytes, size_t length)
{
	size_t written = 0;

	while (written < length) {
		struct pollfd poller = { .fd = log->fd, .events = POLLOUT };
		size_t piece = length - written < PIPE_BUF ? length - written : PIPE_BUF;
		ssize_t step;

		if (poll(&poller, 1, 0) != 1 || !(poller.revents & (POLLOUT | POLLERR | POLLNVAL)))
			break;
		step = write(log->fd, bytes + written, piece);
		if (step < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (step < 0)
			return -errno;
		written += (size_t)step;
	}
	return (ssize_t)written;
}

static void log_on_ready(void *data, unsigned events)
{
	struct log *log = data;
	ssize_t written = log_write_now(log, log->queue, log->queued_bytes);

	(void)events;
	if (written < 0) {
		log->is_full = is_without_room(written);
		log->is_broken = !log->is_full;
		log->dropped++;
		log->queued_bytes = 0;
	} else {
		log->queued_bytes -= (size_t)written;
		memmove(log->queue, log->queue + written, log->queued_bytes);
	}
	if (log->queued_bytes)
		return;
	free(log->queue);
	log->queue = NULL;
	loop_watch_free(&log->watch);
}

int log_new(struct loop *loop, int fd, struct log **ret_log)
{
	struct log *log = calloc(1, sizeof(*log));

	if (!log)
		return -ENOMEM;
	log->loop = loop;
	log->fd = fd;
	*ret_log = log;
	return 0;
}

void log_free(struct log **log)
{
	if (!*log)
		return;
	if ((*log)->queued_bytes)
		(void)log_write_now(*log, (*log)->queue, (*log)->queued_bytes);
	loop_watch_free(&(*log)->watch);
	free((*log)->queue);
	free(*log);
	*log = NULL;
}

/* Keeps the bytes for later; whole lines only, but for one whose start is written already. */
static void log_enqueue(struct log *log, const char *bytes, size_t length)
{
	if (!log->queue)
		log->queue = malloc(LOG_QUEUE_BYTES);
	if (!log->queue || log->queued_bytes + length > LOG_QUEUE_BYTES) {
		log->dropped++;
		return;
	}
	memcpy(log->queue + log->queued_bytes, bytes, length);
	log->queued_bytes += length;
	if (!log->watch &&
	    loop_watch_new(log->loop, log->fd, LOOP_WRITE, log_on_ready, log, &log->watch))
		log->watch = NULL; /* no memory: the next line tries again */
}

void log_write(struct log *log, const char *line, size_t length_bytes)
{
	ssize_t written = 0;

	if (log->is_broken) {
		log->dropped++;
		return;
	}
	if (!log->queued_bytes)
		written = log_write_now(log, line, length_bytes);
	log->is_full = is_without_room(written);
	if (written < 0) {
		log->is_broken = !log->is_full;
		log->dropped++;
	} else if ((size_t)written < length_bytes) {
		log_enqueue(log, line + written, length_bytes - (size_t)written);
	}
}

uint64_t log_take_dropped(struct log *log)
{
	uint64_t dropped = log->dropped;

	if (log->queued_bytes || log->is_broken || log->is_full)
		return 0;
	log->dropped = 0;
	return dropped;
}
