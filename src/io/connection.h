/*
 * One accepted stream: lines in, bytes out. Never blocks, never raises SIGPIPE. Input is bounded by
 * one line; output by whoever calls connection_send.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
	CONNECTION_LINE_MAX_BYTES = 4096, /* the newline not counted */
};

enum connection_line {
	CONNECTION_LINE_NONE,
	CONNECTION_LINE_WHOLE,
	CONNECTION_LINE_TOO_LONG,
};

struct connection {
	int fd;         /* owned */
	bool has_ended; /* the peer sends no more; it may still read */
	size_t input_bytes;
	char *output; /* NULL when all is sent */
	size_t output_bytes;
	size_t sent_bytes;
	char input[CONNECTION_LINE_MAX_BYTES + 1];
};

/* Takes fd, which must be non-blocking. */
void connection_init(struct connection *connection, int fd);
/* Reads away a little of what the peer has sent meanwhile, so that it sees our last words before
 * a reset, and closes. */
void connection_deinit(struct connection *connection);

/* Is there room for more input? */
bool connection_has_room(const struct connection *connection);
/* Reads what is there, as far as there is room. Returns 0 (also at the end), or -errno. */
int connection_receive(struct connection *connection);
/* The first line that is buffered. What stands before the end of input counts as a line. */
enum connection_line connection_next_line(
    const struct connection *connection, size_t *ret_length_bytes);
/* Forgets a line of that length, and its newline. */
void connection_drop_line(struct connection *connection, size_t length_bytes);

/* Sends at once what can be sent, keeps a copy of the rest. Returns 0 or -errno. */
int connection_send(struct connection *connection, const char *bytes, size_t length_bytes);
/* Sends what was kept, as far as possible. Returns 0 or -errno. */
int connection_flush(struct connection *connection);
size_t connection_unsent_bytes(const struct connection *connection);

/* Has the peer closed both directions, i.e. gone? */
bool connection_is_gone(const struct connection *connection);
