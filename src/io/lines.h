/* Log lines on standard output, which may be a pipe nobody reads: never waited for. */
#pragma once

#include <stdint.h>

struct lines {
	uint64_t dropped; /* since the last line that went out */
};

/*
 * Writes each line of text (all of them end in a newline and are shorter than PIPE_BUF) at once,
 * or drops it when that would block; the next line that goes out is preceded by one that tells how
 * many were lost. O_NONBLOCK is not set: the flag would be shared with everybody else there.
 */
void lines_write(struct lines *lines, const char *text);
