/* The form of our own log lines (spec 20 part 6). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "util/text.h"

enum log_level {
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR,
	LOG_LEVEL_COUNT_,
};

/* info, warn, error */
const char *log_level_to_string(unsigned level);

/*
 * One event, newline included. service NULL: about nemoinit itself; event: its name in the json
 * form. message may hold anything; it is made printable here.
 */
void log_line_event(struct text *out, enum log_format format, uint64_t epoch_ms,
    enum log_level level, const char *service, const char *event, const char *message);

/* That the line before came `repeated` times more. */
void log_line_repeated(struct text *out, enum log_format format, uint64_t epoch_ms,
    const char *service, const char *stream, uint64_t repeated);

/* One captured line of a service, newline included; stream is "stdout" or "stderr". */
void log_line_output(struct text *out, enum log_format format, uint64_t epoch_ms,
    const char *service, const char *stream, const char *line, size_t length_bytes);
