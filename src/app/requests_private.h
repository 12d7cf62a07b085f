/*
 * What requests.c and its parts share: the socket's state, and a request being answered. For these
 * files only; everybody else includes requests.h.
 */
#pragma once

#include <stdbool.h>

#include "app/followers.h"
#include "app/supervisor.h"
#include "core/request.h"
#include "io/control.h"
#include "io/socket_path.h"

struct settle;

struct requests {
	struct supervisor *supervisor;
	struct socket_paths paths;
	struct control *control; /* NULL: no path worked */
	uint64_t retry_ms;       /* when to try again */
	uint64_t renew_ms;       /* when to make a lost socket again; NEVER_MS: it is there */
	uint64_t renewed_ms;     /* when that was last done */
	uint64_t renew_pause_ms; /* what was waited then: who takes it away again and again waits */
	bool is_renewal_failing; /* told once */
	char *busy_line;
	struct settle *settles; /* requests under way, at most one a client */
	struct followers followers;
};

/* A request being answered. */
struct request_context {
	struct requests *requests;
	uint64_t client;
	const struct control_peer *peer;
	struct request request;
	uint64_t now_ms;
};

/* ---- requests.c ---- */

/* Sends a line and frees it. Without memory for one (NULL) the client is let go. */
void requests_answer(struct requests *requests, uint64_t client, char *line, bool close_after);
void request_answer(const struct request_context *context, char *line);
void request_answer_error(
    const struct request_context *context, enum reply_code code, const char *message);
void request_answer_unknown_service(const struct request_context *context);

/* ---- requests_feed.c: ops ---- */

void request_do_logs(struct request_context *context);
void request_do_events(struct request_context *context);
void request_do_metrics(struct request_context *context);

/* ---- requests_socket.c ---- */

/*
 * Tries all places with these handlers. 0; -EBUSY: a second instance, which ends the search; or
 * -errno, told.
 */
int requests_open(struct requests *requests, const struct control_handlers *handlers);

/* control_handlers.handle_lost: plans to make the socket again. */
void requests_on_lost(void *data);

/* Makes it again, if that is due. */
void requests_turn_socket(struct requests *requests, uint64_t now_ms);
