/* Captured output: bytes → lines, and the last lines of a service. Memory is taken on demand. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/redact.h"
#include "util/ring.h"

enum {
	LINE_MAX_BYTES = 16384, /* a longer line is split */
	LINE_RING_COUNT = 20,   /* lines that status shows */
	LINE_RING_BYTES = 1024, /* of a kept line; the rest is cut */
	LINE_RING_KEPT_COUNT = 512,
	LINE_RING_KEPT_BYTES = 65536, /* of all kept lines */
};

/* A stream that is cut into lines. A zeroed struct is an empty one. */
struct line_splitter {
	const struct redact *redact; /* a secret is not torn where a line is split; NULL: none */
	char *partial;               /* what came without its newline yet */
	size_t partial_bytes;
	size_t size_bytes;
	bool is_lost; /* the line under way, up to its end */
};

/*
 * Hands every line in bytes, without its newline (or \r\n), to handle. What follows the last
 * newline waits for more. Without memory for that it is handed over as a line of its own; with
 * `redact`, which is not to see half of a secret, the line is lost, and comes as an empty one. A
 * line of more than LINE_MAX_BYTES comes in pieces; with `redact` its secrets are masked already.
 */
void line_splitter_feed(struct line_splitter *splitter, const char *bytes, size_t length_bytes,
    void (*handle)(void *data, const char *line, size_t length_bytes), void *data);

/* Hands over what waits (end of the stream) and frees the memory. */
void line_splitter_flush(struct line_splitter *splitter,
    void (*handle)(void *data, const char *line, size_t length_bytes), void *data);

/* A line as it is kept: printable. */
struct kept_line {
	int64_t at_ms;      /* epoch */
	const char *stream; /* stdout, stderr: static */
	const char *line;
};

/* The last lines. A zeroed struct is empty. */
struct line_ring {
	struct ring ring; /* of struct kept_line, each with its text behind it */
	size_t bytes;
	uint64_t last_at_ms; /* epoch; of the newest line */
};

/*
 * Keeps a printable copy of line; without memory the line is left out. stream is borrowed for ever.
 * Returns the copy, borrowed until the next call, or NULL.
 */
const struct kept_line *line_ring_add(struct line_ring *ring, const char *stream, const char *line,
    size_t length_bytes, uint64_t epoch_ms);

/* The line at `at`, 0 being the oldest of ring.count. */
const struct kept_line *line_ring_at(const struct line_ring *ring, size_t at);

/* The last LINE_RING_COUNT, oldest first, into ret_lines (room for as many); returns how many. */
size_t line_ring_get(const struct line_ring *ring, const char **ret_lines);

void line_ring_deinit(struct line_ring *ring);
