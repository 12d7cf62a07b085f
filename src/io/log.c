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
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/fd.h"
#include "io/loop.h"
#include "util/macros.h"

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
	struct loop_watch *watch; /* while what is queued has to wait */
	uint64_t dropped;         /* in all; of which so many have been told: */
	uint64_t told;
	bool is_failing; /* the last write was refused: what was dropped is not told yet */
	bool is_torn;    /* the last byte written was not the end of a line */
	size_t queued_bytes;
	char queue[LOG_QUEUE_BYTES]; /* memory that is not used is not there */
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

/*
 * What is written in one go. Others may write to the same pipe: up to PIPE_BUF nothing of theirs
 * comes in between, so lines stay whole. A pipe that polls writable takes so much at least
 * (pipe(7)).
 */
static size_t log_piece_length(const struct log *log, const char *bytes, size_t length)
{
	const char *last;

	if (log->way == LOG_WAY_PLAIN || log->way == LOG_WAY_SOCKET || length <= PIPE_BUF)
		return length;
	last = memrchr(bytes, '\n', PIPE_BUF);
	return last ? (size_t)(last - bytes) + 1 : PIPE_BUF;
}

/* One write that does not wait; -1 with EAGAIN when it would. */
static ssize_t log_write_piece(const struct log *log, const char *bytes, size_t length)
{
	struct pollfd poller = { .fd = log->fd, .events = POLLOUT };

	length = log_piece_length(log, bytes, length);
	if (log->way == LOG_WAY_SOCKET)
		return send(log->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (log->way == LOG_WAY_POLL && poll(&poller, 1, 0) != 1) {
		errno = EAGAIN;
		return -1;
	}
	return write(log_fd(log), bytes, length);
}

/* Takes what is written out of the queue, or all of it: then it is dropped. */
static void log_consume(struct log *log, size_t length)
{
	if (length)
		log->is_torn = log->queue[length - 1] != '\n';
	log->queued_bytes -= length;
	memmove(log->queue, log->queue + length, log->queued_bytes);
}

static void log_drop_queue(struct log *log)
{
	for (size_t i = 0; i < log->queued_bytes; i++)
		log->dropped += log->queue[i] == '\n';
	log->queued_bytes = 0;
}

/* As much as goes without waiting. A write that is refused (disk full, reader gone) drops the
 * rest: nothing tells when it would be taken, and waiting for that would be a busy loop. */
static void log_write_queue(struct log *log)
{
	size_t written = 0;
	ssize_t step = 0;

	while (written < log->queued_bytes) {
		step = log_write_piece(log, log->queue + written, log->queued_bytes - written);
		if (step < 0)
			break;
		written += (size_t)step;
	}
	step = step < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : step;
	if (written || step < 0)
		log->is_failing = step < 0;
	log_consume(log, written);
	if (step < 0)
		log_drop_queue(log);
}

static void log_on_ready(void *data, unsigned events)
{
	struct log *log = data;

	(void)events;
	log_write_queue(log);
	if (!log->queued_bytes)
		loop_watch_free(&log->watch);
}

int log_new(struct loop *loop, int fd, struct log **ret_log)
{
	struct log *log = malloc(sizeof(*log));

	if (!log)
		return -ENOMEM;
	memset(log, 0, offsetof(struct log, queue));
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
	log_write_queue(*log);
	loop_watch_free(&(*log)->watch);
	fd_close(&(*log)->own_fd);
	free(*log);
	*log = NULL;
}

static bool log_has_room(const struct log *log, size_t length)
{
	return length + 1 <= sizeof(log->queue) - log->queued_bytes;
}

void log_write(struct log *log, const char *line, size_t length_bytes)
{
	if (!log_has_room(log, length_bytes))
		log_flush(log);
	if (!log_has_room(log, length_bytes)) {
		log->dropped++;
		return;
	}
	/* The line before was cut off by an error. */
	if (log->is_torn && !log->queued_bytes)
		log->queue[log->queued_bytes++] = '\n';
	memcpy(log->queue + log->queued_bytes, line, length_bytes);
	log->queued_bytes += length_bytes;
}

void log_flush(struct log *log)
{
	if (log->watch || !log->queued_bytes)
		return;
	log_write_queue(log);
	if (log->queued_bytes &&
	    loop_watch_new(log->loop, log_fd(log), LOOP_WRITE, log_on_ready, log, &log->watch))
		log->watch = NULL; /* no memory: the next turn tries again */
}

void log_finish(struct log *log, uint64_t limit_ms)
{
	struct pollfd poller = { .fd = log_fd(log), .events = POLLOUT };
	uint64_t end_ms = deadline_after(clock_now_ms(), limit_ms), left_ms = limit_ms;

	log_write_queue(log);
	while (log->queued_bytes && left_ms) {
		if (poll(&poller, 1, (int)left_ms) < 0 && errno != EINTR)
			break;
		log_write_queue(log);
		left_ms = time_left_ms(end_ms, clock_now_ms());
	}
	if (!log->queued_bytes)
		loop_watch_free(&log->watch);
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
