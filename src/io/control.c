#include "io/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/control_private.h"
#include "io/fd.h"
#include "io/loop.h"
#include "util/macros.h"

enum {
	ACCEPT_PER_TURN = 16,
	ACCEPT_PAUSE_MS = 500, /* after running out of descriptors or memory */
	GONE_CHECK_MS = 1000,
};

/*
 * Who makes room for one more: of those with fewer rights the one that has been silent for longest.
 * Strangers do so for everybody, all but root for root: whoever else may fill the table, the
 * administrator gets in. Of one user's connections none is less than another, for being idle is
 * free: whoever holds 64 keeps the rest of that user out, and may as well end us by a signal. NULL:
 * nobody.
 */
static struct control_client *control_idlest(
    const struct control *control, const struct control_peer *peer)
{
	struct control_client *idlest = NULL;

	for (size_t i = 0; i < control->client_count; i++) {
		struct control_client *client = control->clients[i];
		bool is_less =
		    !client->peer.is_privileged || (peer->uid == 0 && client->peer.uid != 0);

		if (is_less && (!idlest || client->active_ms < idlest->active_ms))
			idlest = client;
	}
	return idlest;
}

/* Makes room for one more; false if that cannot be. */
static bool control_make_room(struct control *control, const struct control_peer *peer)
{
	struct control_client *idlest;

	if (control->client_count < CONTROL_CLIENT_MAX)
		return true;
	idlest = control_idlest(control, peer);
	if (idlest)
		control_client_drop(idlest);
	return idlest;
}

/* Takes fd. */
static void control_admit(struct control *control, int fd)
{
	struct control_client *client = NULL;
	int owned __attribute__((cleanup(fd_close))) = fd;
	struct control_peer peer;

	if (control_peer_read(owned, control->endpoint_config.group, &peer) < 0)
		return;
	if (!control_make_room(control, &peer)) {
		/* Fits into the empty buffer of a new socket, or the peer has left already. */
		(void)send(owned, control->busy_line, strlen(control->busy_line),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		return;
	}
	if (control_client_new(control, &owned, &peer, &client) < 0)
		return; /* closed: all that can be said without memory */
	client->id = control->next_id++;
	control->clients[control->client_count++] = client;
}

static void control_on_connect(void *data, unsigned events)
{
	struct control *control = data;

	(void)events;
	for (int i = 0; i < ACCEPT_PER_TURN; i++) {
		int fd = fd_lift(
		    accept4(control->endpoint.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));

		if (fd >= 0) {
			control_admit(control, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN) {
			/* The connection stays in the queue: without a pause we would spin. */
			loop_watch_set(control->watch, 0);
			control->accept_ms =
			    deadline_after(loop_now_ms(control->loop), ACCEPT_PAUSE_MS);
		}
		return;
	}
}

int control_open(struct loop *loop, const struct control_config *config,
    struct control **ret_control, struct error *error)
{
	struct control *control = calloc(1, sizeof(*control));
	int result;

	if (!control)
		return error_set(error, -ENOMEM, "control socket: no memory");
	control->loop = loop;
	control->busy_line = config->busy_line;
	control->handlers = config->handlers;
	control->data = config->data;
	control->next_id = 1;
	control->accept_ms = NEVER_MS;
	control->gone_check_ms = NEVER_MS;
	control->notice_fd = -1;
	control->endpoint_config = config->endpoint;
	result = endpoint_init(&control->endpoint, &config->endpoint, error);
	if (result) {
		free(control);
		return result;
	}
	result = loop_watch_new(loop, control->endpoint.listen_fd, LOOP_READ, control_on_connect,
	    control, &control->watch);
	if (result) {
		control_close(&control);
		return error_set(error, result, "control socket: no memory");
	}
	control->endpoint_config.path = control->endpoint.path;
	control_place_init(control);
	*ret_control = control;
	return 0;
}

int control_renew(struct control *control, struct error *error)
{
	int old_fd __attribute__((cleanup(fd_close))) = -1;
	int result = endpoint_renew(&control->endpoint, &control->endpoint_config, &old_fd, error);

	if (!result && old_fd >= 0) {
		/* Who connected in time is let in; under another name more may come for ever. */
		for (int i = 0, fd = 0; i <= ENDPOINT_BACKLOG && fd >= 0; i++) {
			fd = fd_lift(accept4(old_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
			if (fd >= 0)
				control_admit(control, fd);
		}
		loop_watch_free(&control->watch); /* before its descriptor is closed */
		control->accept_ms = NEVER_MS;
	}
	/* Also when the last renewal had no memory for it. */
	if (!result && !control->watch) {
		result = loop_watch_new(control->loop, control->endpoint.listen_fd, LOOP_READ,
		    control_on_connect, control, &control->watch);
		if (result)
			return error_set(error, result, "control socket: no memory");
	}
	if (!result) {
		/* Anew: what has been moved away is not to be watched for ever. */
		control_place_deinit(control);
		control_place_init(control);
	}
	return result;
}

bool control_is_group_refused(const struct control *control)
{
	return control->endpoint.is_group_refused;
}

void control_close(struct control **control)
{
	if (!*control)
		return;
	while ((*control)->client_count)
		control_client_free((*control)->clients[--(*control)->client_count]);
	control_place_deinit(*control);
	loop_watch_free(&(*control)->watch);
	endpoint_deinit(&(*control)->endpoint);
	free(*control);
	*control = NULL;
}

static struct control_client *control_find(const struct control *control, uint64_t id)
{
	for (size_t i = 0; i < control->client_count; i++) {
		if (control->clients[i]->id == id)
			return control->clients[i];
	}
	return NULL;
}

void control_reply(struct control *control, uint64_t client_id, const char *bytes,
    size_t length_bytes, bool close_after)
{
	struct control_client *client = control_find(control, client_id);

	if (!client || !client->is_waiting)
		return;
	client->is_waiting = false;
	client->is_last = client->is_last || close_after;
	if (connection_send(&client->connection, bytes, length_bytes) < 0)
		client->is_broken = true;
	control_client_advance(client, loop_now_ms(control->loop));
}

void control_push(
    struct control *control, uint64_t client_id, const char *bytes, size_t length_bytes)
{
	struct control_client *client = control_find(control, client_id);

	if (!client || !client->is_waiting || client->is_broken)
		return;
	if (!client->unsent_max_bytes)
		client->unsent_max_bytes = CONTROL_UNSENT_MAX_BYTES + length_bytes;
	/* Dropped in control_turn: whoever pushes may be walking through a list. */
	if (connection_unsent_bytes(&client->connection) + length_bytes >
		client->unsent_max_bytes ||
	    connection_send(&client->connection, bytes, length_bytes) < 0)
		client->is_broken = true;
	else
		control_client_listen(client);
}

/* When clients that wait unheard are looked at next. */
static void control_plan_gone_check(struct control *control, uint64_t now_ms)
{
	bool has_deaf = false;

	for (size_t i = 0; i < control->client_count; i++)
		has_deaf = has_deaf || control_client_is_deaf(control->clients[i]);
	if (!has_deaf)
		control->gone_check_ms = NEVER_MS;
	else if (control->gone_check_ms == NEVER_MS || control->gone_check_ms <= now_ms)
		control->gone_check_ms = deadline_after(now_ms, GONE_CHECK_MS);
}

uint64_t control_turn(struct control *control, uint64_t now_ms)
{
	uint64_t next_ms;
	bool check_gone = control->gone_check_ms <= now_ms;

	if (control->accept_ms <= now_ms) {
		control->accept_ms = NEVER_MS;
		loop_watch_set(control->watch, LOOP_READ);
	}
	/* Backwards: a client that is dropped has the last one moved into its place. */
	for (size_t i = control->client_count; i-- > 0;) {
		if (i < control->client_count)
			control_client_turn(control->clients[i], check_gone, now_ms);
	}
	control_plan_gone_check(control, now_ms);
	next_ms = min_ms(control->accept_ms, control->gone_check_ms);
	next_ms = min_ms(next_ms, control_place_turn(control, now_ms));
	for (size_t i = 0; i < control->client_count; i++)
		next_ms = min_ms(next_ms, control->clients[i]->deadline_ms);
	return next_ms;
}
