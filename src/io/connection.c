#include "io/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/fd.h"

void connection_init(struct connection *connection, int fd)
{
	*connection = (struct connection){ .fd = fd };
}

void connection_deinit(struct connection *connection)
{
	/* Closing a unix socket with unread input resets the peer, which may not have read yet. */
	for (int i = 0; connection->fd >= 0 && i < 16; i++) {
		if (recv(connection->fd, connection->input, sizeof(connection->input),
			MSG_DONTWAIT) <= 0)
			break;
	}
	fd_close(&connection->fd);
	free(connection->output);
	connection->output = NULL;
	connection->output_bytes = connection->sent_bytes = 0;
}

bool connection_has_room(const struct connection *connection)
{
	return connection->input_bytes < sizeof(connection->input);
}

int connection_receive(struct connection *connection)
{
	size_t room = sizeof(connection->input) - connection->input_bytes;
	ssize_t length;

	if (!room)
		return 0;
	length =
	    recv(connection->fd, connection->input + connection->input_bytes, room, MSG_DONTWAIT);
	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	connection->has_ended = !length;
	connection->input_bytes += (size_t)length;
	return 0;
}

enum connection_line connection_next_line(
    const struct connection *connection, size_t *ret_length_bytes)
{
	const char *newline = memchr(connection->input, '\n', connection->input_bytes);

	if (newline) {
		*ret_length_bytes = (size_t)(newline - connection->input);
		return CONNECTION_LINE_WHOLE;
	}
	if (!connection_has_room(connection))
		return CONNECTION_LINE_TOO_LONG;
	if (!connection->has_ended || !connection->input_bytes)
		return CONNECTION_LINE_NONE;
	*ret_length_bytes = connection->input_bytes;
	return CONNECTION_LINE_WHOLE;
}

void connection_drop_line(struct connection *connection, size_t length_bytes)
{
	size_t used = length_bytes < connection->input_bytes ? length_bytes + 1 : length_bytes;

	connection->input_bytes -= used;
	memmove(connection->input, connection->input + used, connection->input_bytes);
}

/* Sends once; returns the number of bytes that went, 0 when the peer is slow, or -errno. */
static ssize_t send_some(int fd, const char *bytes, size_t length_bytes)
{
	ssize_t sent = send(fd, bytes, length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Appends to the output, the sent part of which is given up first. */
static int keep(struct connection *connection, const char *bytes, size_t length_bytes)
{
	size_t unsent = connection_unsent_bytes(connection);
	char *output;

	if (connection->sent_bytes)
		memmove(connection->output, connection->output + connection->sent_bytes, unsent);
	connection->sent_bytes = 0;
	connection->output_bytes = unsent;
	output = realloc(connection->output, unsent + length_bytes);
	if (!output)
		return -ENOMEM;
	memcpy(output + unsent, bytes, length_bytes);
	connection->output = output;
	connection->output_bytes = unsent + length_bytes;
	return 0;
}

int connection_send(struct connection *connection, const char *bytes, size_t length_bytes)
{
	ssize_t sent = 0;

	if (!connection_unsent_bytes(connection))
		sent = send_some(connection->fd, bytes, length_bytes);
	if (sent < 0)
		return (int)sent;
	if ((size_t)sent == length_bytes)
		return 0;
	return keep(connection, bytes + sent, length_bytes - (size_t)sent);
}

int connection_flush(struct connection *connection)
{
	size_t unsent = connection_unsent_bytes(connection);
	ssize_t sent;

	if (!unsent)
		return 0;
	sent = send_some(connection->fd, connection->output + connection->sent_bytes, unsent);
	if (sent < 0)
		return (int)sent;
	connection->sent_bytes += (size_t)sent;
	if (connection_unsent_bytes(connection))
		return 0;
	free(connection->output);
	connection->output = NULL;
	connection->output_bytes = connection->sent_bytes = 0;
	return 0;
}

size_t connection_unsent_bytes(const struct connection *connection)
{
	return connection->output_bytes - connection->sent_bytes;
}

bool connection_is_gone(const struct connection *connection)
{
	/* POLLHUP and POLLERR come unasked; a peer that only ended its input shows neither. */
	struct pollfd entry = { .fd = connection->fd };

	return poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR));
}
