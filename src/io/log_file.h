/*
 * A log file that is rotated: NAME.log in a directory, older ones beside it as NAME.log.1 and so
 * on.
 *
 * Every line gets a time stamp and is kept as it is. Lines are collected and written with
 * log_file_flush; a line is never torn over two files. What cannot be written is dropped and
 * counted; it is tried again every LOG_FILE_RETRY_MS. Nobody is waited for, but for the disk
 * itself: a write to a regular file knows no other way.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct log_file;

enum {
	LOG_FILE_RETRY_MS = 5000,
	LOG_FILE_LOOK_MS = 1000, /* so often at most: is it still where it should be? */
	LOG_FILE_BUFFER_BYTES = 131072,
};

struct log_file_options {
	const char *directory; /* as log_place_init wants it */
	const char *name;
	uint64_t max_bytes; /* only a longer line makes a file longer */
	unsigned keep;      /* so many older ones; at most LOG_PLACE_KEEP_MAX */
};

/* Opens nothing yet; options are copied. Returns 0 or -ENOMEM. */
int log_file_new(const struct log_file_options *options, struct log_file **ret_file);
/* What was added is to be flushed before. Harmless on NULL. */
void log_file_free(struct log_file **file);

/*
 * Adds a line, which has no newline in it. It is written when there are many, with the next
 * log_file_flush, or before a line for another file.
 */
void log_file_add(struct log_file *file, uint64_t epoch_ms, const char *line, size_t length_bytes,
    uint64_t now_ms);
/* Writes what has been added. NULL: nothing has. */
void log_file_flush(struct log_file *file, uint64_t now_ms);

/*
 * Tries again, if that is due at now_ms, and when it will be due; NEVER_MS: all is well. So does
 * log_file_add.
 */
void log_file_turn(struct log_file *file, uint64_t now_ms);
uint64_t log_file_deadline_ms(const struct log_file *file);

const char *log_file_path(const struct log_file *file);
/* Why it cannot be written, in words; NULL: it can, or that was not tried yet. */
const char *log_file_problem(const struct log_file *file);
/* Lines dropped in all, and since it could not be written last. */
uint64_t log_file_dropped(const struct log_file *file);
uint64_t log_file_lost(const struct log_file *file);
