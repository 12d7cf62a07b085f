/*
 * The control socket's server, as a mechanism: it accepts, frames lines, passes them on one at a
 * time per connection and sends replies. What a line means is decided elsewhere.
 *
 * Nobody who may connect can hold it up: every client has a cap on its input (one line), its time
 * (from a line's first byte to its end) and its output (with too much unsent no further line is
 * read), and their number is limited.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "io/connection.h"
#include "io/endpoint.h"
#include "util/error.h"

struct control;
struct loop;

enum {
	CONTROL_LINE_MAX_BYTES = CONNECTION_LINE_MAX_BYTES,
	CONTROL_CLIENT_MAX = 64,
	CONTROL_LINE_TIMEOUT_MS = 10000,
	CONTROL_UNSENT_MAX_BYTES = 256 * 1024,
	CONTROL_LOOK_MS = 5000, /* at the path, where nothing tells of changes */

	/* control_open: another process holds this path. */
	CONTROL_TAKEN = ENDPOINT_TAKEN,
};

/* Who connected, as the kernel vouched for it at that moment (SO_PEERCRED of unix(7)). */
struct control_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	bool is_privileged; /* root, our own uid, or a member of endpoint_config.group */
};

enum control_refusal {
	CONTROL_REFUSED_TOO_LONG, /* a line of more than CONTROL_LINE_MAX_BYTES */
	CONTROL_REFUSED_TOO_SLOW, /* a line that was not whole in CONTROL_LINE_TIMEOUT_MS */
};

/*
 * client is a number that is never used again. After handle_line and handle_refusal the client
 * waits for one control_reply, which may come at once, from within the handler. Lines are borrowed
 * and not NUL-terminated. Handlers must not close the control.
 */
struct control_handlers {
	void (*handle_line)(void *data, uint64_t client, const struct control_peer *peer,
	    const char *line, size_t length_bytes);
	/* The connection is closed after the reply, whatever the reply says. */
	void (*handle_refusal)(void *data, uint64_t client, enum control_refusal refusal);
	/* It left, or had to be dropped, while it waited for its reply or was followed up. */
	void (*handle_gone)(void *data, uint64_t client);
	/*
	 * What stands at the socket's path, or at that of its lock, is not ours any more: time for
	 * control_renew. May be said again until that has been done.
	 */
	void (*handle_lost)(void *data);
};

struct control_config {
	struct endpoint_config endpoint;
	const char *busy_line; /* borrowed for life: sent, newline included, to one too many */
	struct control_handlers handlers;
	void *data;
};

/*
 * Opens the socket and serves it in the loop. Returns 0, CONTROL_TAKEN, or -errno and *error. The
 * caller ends with control_close (before loop_free).
 */
int control_open(struct loop *loop, const struct control_config *config,
    struct control **ret_control, struct error *error);

/*
 * Makes the socket and its lock again where they have been removed or replaced; whoever is
 * connected stays so. Returns 0, CONTROL_TAKEN when another process has locked the path, or -errno
 * and *error: then all is as before.
 */
int control_renew(struct control *control, struct error *error);

/* Was the socket not allowed to be given to endpoint_config.group? */
bool control_is_group_refused(const struct control *control);

/* Drops the clients without a word and removes the socket if it is still ours. */
void control_close(struct control **control);

/*
 * Queues bytes (copied) for a client that waits, and lets its next line come. close_after: close
 * when all is sent. A client that is gone or does not wait is ignored. A client for which memory
 * is short is dropped.
 */
void control_reply(struct control *control, uint64_t client, const char *bytes, size_t length_bytes,
    bool close_after);

/*
 * Queues bytes (copied) for a client that waits, and which goes on waiting: its reply has no end.
 * It is dropped when more than CONTROL_UNSENT_MAX_BYTES are unsent, beyond the first push, which
 * may be as long as it must.
 */
void control_push(struct control *control, uint64_t client, const char *bytes, size_t length_bytes);

/* Does what is due (time limits, pauses) and returns the next deadline; for the loop's turn hook.
 */
uint64_t control_turn(struct control *control, uint64_t now_ms);
