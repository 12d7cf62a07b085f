/* Captured output: bytes → lines, and the last lines of a service. Memory is taken on demand. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	LINE_MAX_BYTES = 16384, /* a longer line is split */
	LINE_RING_COUNT = 20,
	LINE_RING_BYTES = 1024, /* of a kept line; the rest is cut */
};

/* A stream that is cut into lines. A zeroed struct is an empty one. */
struct line_splitter {
	char *partial; /* what came without its newline yet */
	size_t partial_bytes;
	size_t size_bytes;
};

/*
 * Hands every line in bytes, without its newline (or \r\n), to handle. What follows the last
 * newline waits for more. Without memory for that it is handed over as a line of its own: nothing
 * is lost.
 */
void line_splitter_feed(struct line_splitter *splitter, const char *bytes, size_t length_bytes,
    void (*handle)(void *data, const char *line, size_t length_bytes), void *data);

/* Hands over what waits (end of the stream) and frees the memory. */
void line_splitter_flush(struct line_splitter *splitter,
    void (*handle)(void *data, const char *line, size_t length_bytes), void *data);

/* The last LINE_RING_COUNT lines. A zeroed struct is empty. */
struct line_ring {
	char *lines[LINE_RING_COUNT];
	unsigned next;
	uint64_t last_at_ms; /* epoch; of the newest line */
};

/* Keeps a printable copy of line; without memory the line is left out. */
void line_ring_add(
    struct line_ring *ring, const char *line, size_t length_bytes, uint64_t epoch_ms);

/* The kept lines, oldest first, into ret_lines (room for LINE_RING_COUNT); returns how many. */
size_t line_ring_get(const struct line_ring *ring, const char **ret_lines);

void line_ring_deinit(struct line_ring *ring);
