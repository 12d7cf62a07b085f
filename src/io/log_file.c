/*
 * All files share one buffer: what is read in a turn is formatted there, and one write(2) takes it.
 * It holds lines of one file at a time.
 *
 * After any failure the file is closed; when the time has come it is opened again, and a line of
 * our own, which says how many are missing, shows whether it can be written.
 */
#include "io/log_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/fd.h"
#include "io/log_place.h"
#include "util/error.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	STAMP_BYTES = 25, /* with the blank behind it */
};

struct log_file {
	struct log_place place;
	uint64_t max_bytes;
	int fd; /* -1: not open */
	uint64_t size_bytes;
	uint64_t look_ms; /* not before then is it looked for */
	uint64_t dropped;
	uint64_t lost;
	uint64_t retry_ms; /* if it has a problem */
	bool has_problem;
	bool is_retrying;
	struct error problem;
};

static struct {
	struct log_file *file; /* NULL: nothing is in it */
	size_t bytes;
	char data[LOG_FILE_BUFFER_BYTES];
} pending;

/* ---- life ---- */

int log_file_new(const struct log_file_options *options, struct log_file **ret_file)
{
	struct log_file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->fd = -1;
	file->max_bytes = options->max_bytes;
	if (log_place_init(&file->place, options->directory, options->name, options->keep)) {
		log_file_free(&file);
		return -ENOMEM;
	}
	*ret_file = file;
	return 0;
}

void log_file_free(struct log_file **file)
{
	if (!*file)
		return;
	if (pending.file == *file)
		pending.file = NULL;
	fd_close(&(*file)->fd);
	log_place_deinit(&(*file)->place);
	free(*file);
	*file = NULL;
}

const char *log_file_path(const struct log_file *file)
{
	return file->place.path;
}

const char *log_file_problem(const struct log_file *file)
{
	return file->has_problem ? file->problem.message : NULL;
}

uint64_t log_file_dropped(const struct log_file *file)
{
	return file->dropped;
}

uint64_t log_file_lost(const struct log_file *file)
{
	return file->lost;
}

uint64_t log_file_deadline_ms(const struct log_file *file)
{
	return file->has_problem ? file->retry_ms : NEVER_MS;
}

/* ---- failure ---- */

/* From now on lines are dropped until it is time to try again. */
static void give_up(struct log_file *file, uint64_t now_ms)
{
	fd_close(&file->fd);
	file->has_problem = true;
	file->retry_ms = deadline_after(now_ms, LOG_FILE_RETRY_MS);
	if (!file->is_retrying)
		file->lost = 0;
}

/* Our own line about those that are missing is none of them. */
static void count_lost(struct log_file *file, uint64_t lines)
{
	if (file->is_retrying)
		return;
	file->lost += lines;
	file->dropped += lines;
}

static uint64_t count_lines(const char *bytes, size_t length)
{
	const char *end = bytes + length;
	uint64_t count = 0;

	while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		bytes++;
		count++;
	}
	return count;
}

/* ---- the open file ---- */

/* Takes over fd, or -errno with file->problem. */
static void take(struct log_file *file, int fd, uint64_t now_ms)
{
	fd_close(&file->fd);
	if (fd < 0)
		give_up(file, now_ms);
	else
		file->fd = fd;
	file->look_ms = deadline_after(now_ms, LOG_FILE_LOOK_MS);
}

/* Opens it, unless it is open and where it should be. It may have a problem then. */
static void prepare(struct log_file *file, uint64_t now_ms)
{
	if (file->fd >= 0 && now_ms >= file->look_ms) {
		file->look_ms = deadline_after(now_ms, LOG_FILE_LOOK_MS);
		if (!log_place_holds(&file->place, file->fd, &file->size_bytes))
			fd_close(&file->fd);
	}
	if (file->fd < 0)
		take(file, log_place_open(&file->place, &file->size_bytes, &file->problem), now_ms);
}

/*
 * Writes whole lines; returns how much of them. Of one that cannot be written to its end nothing is
 * left, or, where even that is refused, the next opening ends it.
 */
static size_t write_lines(struct log_file *file, const char *bytes, size_t length)
{
	size_t written = 0, whole;
	const char *newline;
	off_t end;

	while (written < length) {
		ssize_t step = write(file->fd, bytes + written, length - written);

		if (step < 0 && errno != EINTR)
			break;
		written += step > 0 ? (size_t)step : 0;
	}
	if (written == length)
		return length;
	error_set(&file->problem, -errno, "%s: %s", file->place.path, strerror(errno));
	newline = memrchr(bytes, '\n', written);
	whole = newline ? (size_t)(newline + 1 - bytes) : 0;
	end = lseek(file->fd, -(off_t)(written - whole), SEEK_END);
	if (whole < written && (end < 0 || ftruncate(file->fd, end) < 0))
		return written;
	return whole;
}

void log_file_flush(struct log_file *file, uint64_t now_ms)
{
	size_t length = pending.bytes, whole = 0;

	if (pending.file != file || !file)
		return;
	pending.file = NULL;
	prepare(file, now_ms);
	if (!file->has_problem) {
		whole = write_lines(file, pending.data, length);
		file->size_bytes += whole;
		if (whole < length)
			give_up(file, now_ms);
	}
	count_lost(file, count_lines(pending.data + whole, length - whole));
}

/* A file has something in it: however long the next line is, it has a place. */
static bool is_full(const struct log_file *file, size_t length)
{
	uint64_t size = file->size_bytes + (pending.file == file ? pending.bytes : 0);

	return size && size + length > file->max_bytes;
}

/* Room for so many bytes, in the file and in the buffer; false: the line is lost. */
static bool make_room(struct log_file *file, size_t length, uint64_t now_ms)
{
	if (pending.file && (pending.file != file || pending.bytes + length > sizeof(pending.data)))
		log_file_flush(pending.file, now_ms);
	if (file->fd < 0 && !file->has_problem)
		prepare(file, now_ms);
	if (!file->has_problem && is_full(file, length)) {
		log_file_flush(file, now_ms);
		if (!file->has_problem)
			take(file,
			    log_place_rotate(&file->place, &file->size_bytes, &file->problem),
			    now_ms);
	}
	if (file->has_problem)
		return false;
	if (!pending.file)
		pending.bytes = 0;
	pending.file = file;
	return true;
}

/* ---- lines ---- */

/* Made once a millisecond. */
static const char *stamp(uint64_t epoch_ms)
{
	static char cached[STAMP_BYTES + 1];
	static uint64_t cached_ms;
	struct text text;

	if (cached_ms != epoch_ms || !cached[0]) {
		text_init(&text, cached, sizeof(cached));
		text_add_time(&text, epoch_ms);
		text_add(&text, " ");
		cached_ms = epoch_ms;
	}
	return cached;
}

static void put_line(struct log_file *file, uint64_t epoch_ms, const char *line,
    size_t length_bytes, uint64_t now_ms)
{
	size_t room = sizeof(pending.data) - STAMP_BYTES - 1;
	size_t length = length_bytes < room ? length_bytes : room;
	char *at;

	if (!make_room(file, STAMP_BYTES + length + 1, now_ms)) {
		count_lost(file, 1);
		return;
	}
	at = pending.data + pending.bytes;
	memcpy(at, stamp(epoch_ms), STAMP_BYTES);
	memcpy(at + STAMP_BYTES, line, length);
	at[STAMP_BYTES + length] = '\n';
	pending.bytes += STAMP_BYTES + length + 1;
}

void log_file_add(struct log_file *file, uint64_t epoch_ms, const char *line, size_t length_bytes,
    uint64_t now_ms)
{
	log_file_turn(file, now_ms);
	put_line(file, epoch_ms, line, length_bytes, now_ms);
}

void log_file_turn(struct log_file *file, uint64_t now_ms)
{
	char line[sizeof(file->problem.message) + 64];

	if (!file->has_problem || now_ms < file->retry_ms)
		return;
	snprintf(line, sizeof(line), "nemoinit: %" PRIu64 " lines are missing here: %s", file->lost,
	    file->problem.message);
	file->is_retrying = true;
	file->has_problem = false;
	put_line(file, clock_epoch_ms(), line, strlen(line), now_ms);
	log_file_flush(file, now_ms);
	file->is_retrying = false;
}
