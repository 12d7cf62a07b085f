/*
 * A client is in one of these moods, and only the first takes a line from its buffer:
 *
 *   hungry   nothing asked, or all answered
 *   waiting  a line was handed over and its reply has not come
 *   full     too much is unsent
 *   last     the reply that is due, or on its way, is the last
 *
 * client_advance moves it on after anything has happened to it: data, room, a reply. It is the only
 * place that frees a client, and it never runs inside itself, so that a handler which replies at
 * once finds the client where it was.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/control_private.h"
#include "io/fd.h"
#include "io/groups.h"
#include "io/loop.h"
#include "util/macros.h"

void control_client_free(struct control_client *client)
{
	loop_watch_free(&client->watch);
	connection_deinit(&client->connection);
	free(client);
}

void control_client_drop(struct control_client *client)
{
	struct control *control = client->control;
	bool was_waiting = client->is_waiting;
	uint64_t id = client->id;
	size_t at = 0;

	while (control->clients[at] != client)
		at++;
	control->clients[at] = control->clients[--control->client_count];
	control_client_free(client);
	if (was_waiting)
		control->handlers.handle_gone(control->data, id);
}

static bool client_is_full(const struct control_client *client)
{
	return connection_unsent_bytes(&client->connection) > CONTROL_UNSENT_MAX_BYTES;
}

static bool client_is_hungry(const struct control_client *client)
{
	return !client->is_waiting && !client->is_last && !client->is_broken &&
	       !client_is_full(client);
}

/* Nothing more can happen with it. */
static bool client_is_over(const struct control_client *client)
{
	if (client->is_broken)
		return true;
	if (client->is_waiting || connection_unsent_bytes(&client->connection))
		return false;
	return client->is_last || client->connection.has_ended;
}

static void client_refuse(struct control_client *client, enum control_refusal refusal)
{
	struct control *control = client->control;

	client->is_waiting = client->is_last = true;
	client->deadline_ms = NEVER_MS;
	control->handlers.handle_refusal(control->data, client->id, refusal);
}

/* Hands over the next line; false if there is none. */
static bool client_take_line(struct control_client *client)
{
	struct control *control = client->control;
	size_t length_bytes = 0;

	switch (connection_next_line(&client->connection, &length_bytes)) {
	case CONNECTION_LINE_NONE: return false;
	case CONNECTION_LINE_TOO_LONG: client_refuse(client, CONTROL_REFUSED_TOO_LONG); return true;
	case CONNECTION_LINE_WHOLE: break;
	}
	client->is_waiting = true;
	client->deadline_ms = NEVER_MS;
	control->handlers.handle_line(
	    control->data, client->id, &client->peer, client->connection.input, length_bytes);
	connection_drop_line(&client->connection, length_bytes);
	return true;
}

/* The clock of a line runs while we could read it and it is not whole. */
static void client_set_deadline(struct control_client *client, uint64_t now_ms)
{
	if (!client_is_hungry(client) || !client->connection.input_bytes)
		client->deadline_ms = NEVER_MS;
	else if (client->deadline_ms == NEVER_MS)
		client->deadline_ms = deadline_after(now_ms, CONTROL_LINE_TIMEOUT_MS);
}

/* A waiting client is read on, as long as there is room, to see it leave. */
void control_client_listen(struct control_client *client)
{
	const struct connection *connection = &client->connection;
	unsigned events = 0;

	if (!connection->has_ended && connection_has_room(connection) && !client_is_full(client))
		events |= LOOP_READ;
	if (connection_unsent_bytes(connection))
		events |= LOOP_WRITE;
	if (events != client->events)
		loop_watch_set(client->watch, events);
	client->events = events;
}

void control_client_advance(struct control_client *client, uint64_t now_ms)
{
	if (client->is_advancing)
		return;
	client->is_advancing = true;
	while (client_is_hungry(client) && client_take_line(client))
		;
	client->is_advancing = false;
	if (client_is_over(client)) {
		control_client_drop(client);
		return;
	}
	client_set_deadline(client, now_ms);
	control_client_listen(client);
}

bool control_client_is_deaf(const struct control_client *client)
{
	return client->is_waiting && !(client->events & LOOP_READ);
}

static void client_on_ready(void *data, unsigned events)
{
	struct control_client *client = data;
	uint64_t now_ms = loop_now_ms(client->control->loop);

	if (events & LOOP_READ) {
		client->active_ms = now_ms;
		if (connection_receive(&client->connection) < 0)
			client->is_broken = true;
	}
	if (events & LOOP_WRITE && connection_flush(&client->connection) < 0)
		client->is_broken = true;
	/* Its input has ended: has it only said its last word, or has it left? */
	if (client->connection.has_ended && connection_is_gone(&client->connection))
		client->is_broken = true;
	control_client_advance(client, now_ms);
}

int control_peer_read(int fd, gid_t group, struct control_peer *ret_peer)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return -errno;
	*ret_peer = (struct control_peer){ .pid = credentials.pid,
		.uid = credentials.uid,
		.gid = credentials.gid,
		.is_privileged = credentials.uid == 0 || credentials.uid == geteuid() ||
				 group_has_peer(group, fd, credentials.gid) };
	return 0;
}

int control_client_new(struct control *control, int *fd, const struct control_peer *peer,
    struct control_client **ret_client)
{
	struct control_client *client = calloc(1, sizeof(*client));
	int result;

	if (!client)
		return -ENOMEM;
	client->control = control;
	client->deadline_ms = NEVER_MS;
	client->active_ms = loop_now_ms(control->loop);
	client->events = LOOP_READ;
	connection_init(&client->connection, fd_take(fd));
	client->peer = *peer;
	result = loop_watch_new(control->loop, client->connection.fd, client->events,
	    client_on_ready, client, &client->watch);
	if (result) {
		control_client_free(client);
		return result;
	}
	*ret_client = client;
	return 0;
}

void control_client_turn(struct control_client *client, bool check_gone, uint64_t now_ms)
{
	bool is_late = client->deadline_ms <= now_ms;

	if (check_gone && control_client_is_deaf(client))
		client->is_broken = connection_is_gone(&client->connection);
	if (!client->is_broken && !is_late)
		return;
	/* A handler may reply at once, and the reply must not free what is in use here. */
	client->is_advancing = true;
	if (is_late && !client->is_broken)
		client_refuse(client, CONTROL_REFUSED_TOO_SLOW);
	client->is_advancing = false;
	control_client_advance(client, now_ms);
}
