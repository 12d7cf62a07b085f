/*
 * Writing without waiting. A pipe or a terminal is opened once more by way of /proc, so that
 * O_NONBLOCK is ours alone (it belongs to the open file, which fd shares with everybody else): poll
 * is no promise, neither on a terminal nor where others write to the same pipe. A socket is told
 * with each send. Where that is refused, poll and small pieces must do.
 */
#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/loop.h"

enum log_way {
	LOG_WAY_PLAIN,       /* a file: never waits */
	LOG_WAY_NONBLOCKING, /* a pipe or terminal opened anew */
	LOG_WAY_SOCKET,
	LOG_WAY_POLL, /* shared, and may wait */
};

struct log {
	struct loop *loop;
	int fd;     /* borrowed */
	int own_fd; /* for LOG_WAY_NONBLOCKING; else -1 */
	enum log_way way;
	struct loop_watch *watch; /* while something waits */
	char *queue;
	size_t queued_bytes;
	uint64_t dropped; /* in all; of which so many have been told: */
	uint64_t told;
	bool is_failing; /* the last write was refused: what was dropped is not told yet */
};

static int log_fd(const struct log *log)
{
	return log->own_fd >= 0 ? log->own_fd : log->fd;
}

static enum log_way log_find_way(struct log *log)
{
	char path[32];
	struct stat status;

	if (fstat(log->fd, &status) < 0)
		return LOG_WAY_POLL;
	if (S_ISSOCK(status.st_mode))
		return LOG_WAY_SOCKET;
	if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))
		return LOG_WAY_PLAIN;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", log->fd);
	log->own_fd = fd_lift(open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
	return log->own_fd >= 0 ? LOG_WAY_NONBLOCKING : LOG_WAY_POLL;
}

/* One write that does not wait; -1 with EAGAIN when it would. */
static ssize_t log_write_piece(const struct log *log, const char *bytes, size_t length)
{
	struct pollfd poller = { .fd = log->fd, .events = POLLOUT };

	if (log->way == LOG_WAY_SOCKET)
		return send(log->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (log->way == LOG_WAY_POLL) {
		if (poll(&poller, 1, 0) != 1) {
			errno = EAGAIN;
			return -1;
		}
		/* A pipe that polls writable takes so much at least (pipe(7)). */
		length = length < PIPE_BUF ? length : PIPE_BUF;
	}
	return write(log_fd(log), bytes, length);
}

/* As much as goes without waiting; -errno for a write that was refused (disk full, reader gone). */
static ssize_t log_write_now(struct log *log, const char *bytes, size_t length)
{
	size_t written = 0;

	while (written < length) {
		ssize_t step = log_write_piece(log, bytes + written, length - written);

		if (step < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		log->is_failing = step < 0;
		if (step < 0)
			return -errno;
		written += (size_t)step;
	}
	return (ssize_t)written;
}

static void log_count_dropped(struct log *log, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		log->dropped += bytes[i] == '\n';
}

static void log_on_ready(void *data, unsigned events)
{
	struct log *log = data;
	ssize_t written = log_write_now(log, log->queue, log->queued_bytes);

	(void)events;
	if (written < 0) {
		/* Nothing tells when it would be taken: waiting for that would be a busy loop. */
		log_count_dropped(log, log->queue, log->queued_bytes);
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
	log->own_fd = -1;
	log->way = log_find_way(log);
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
	fd_close(&(*log)->own_fd);
	free((*log)->queue);
	free(*log);
	*log = NULL;
}

/* Keeps the bytes for later, whole lines but for one whose start is written already. */
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
	    loop_watch_new(log->loop, log_fd(log), LOOP_WRITE, log_on_ready, log, &log->watch))
		log->watch = NULL; /* no memory: the next line tries again */
}

void log_write(struct log *log, const char *line, size_t length_bytes)
{
	ssize_t written = log->queued_bytes ? 0 : log_write_now(log, line, length_bytes);

	if (written < 0)
		log->dropped++;
	else if ((size_t)written < length_bytes)
		log_enqueue(log, line + written, length_bytes - (size_t)written);
}

uint64_t log_take_dropped(struct log *log)
{
	uint64_t dropped = log->dropped - log->told;

	if (log->queued_bytes || log->is_failing)
		return 0;
	log->told = log->dropped;
	return dropped;
}

uint64_t log_dropped(const struct log *log)
{
	return log->dropped;
}
