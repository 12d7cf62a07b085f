#include "app/requests.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/reload.h"
#include "app/settle.h"
#include "app/status.h"
#include "app/supervisor.h"
#include "core/reply_json.h"
#include "core/request_json.h"
#include "io/control.h"
#include "io/loop.h"
#include "io/socket_path.h"
#include "io/tree.h"
#include "util/macros.h"

enum {
	SOCKET_RETRY_MS = 60000,
};

struct requests {
	struct supervisor *supervisor;
	struct socket_paths paths;
	struct control *control; /* NULL: no path worked */
	uint64_t retry_ms;       /* when to try again */
	char *busy_line;
	struct settle *settles; /* requests under way, at most one a client */
};

/* A request being answered. */
struct request_context {
	struct requests *requests;
	uint64_t client;
	const struct control_peer *peer;
	struct request request;
	uint64_t now_ms;
};

/* Sends a line and frees it. Without memory for one there is nothing to say: the client is let go.
 */
static void answer(struct requests *requests, uint64_t client, char *line, bool close_after)
{
	control_reply(requests->control, client, line ? line : "", line ? strlen(line) : 0,
	    close_after || !line);
	free(line);
}

static void answer_error(
    const struct request_context *context, enum reply_code code, const char *message)
{
	answer(context->requests, context->client,
	    reply_encode_error(context->request.id, code, message), context->request.bare);
}

static void answer_ok(const struct request_context *context)
{
	answer(context->requests, context->client, reply_encode_ok(context->request.id),
	    context->request.bare);
}

static void answer_unknown_service(const struct request_context *context)
{
	char message[96];

	snprintf(
	    message, sizeof(message), "no service '%s' is configured", context->request.service);
	answer_error(context, REPLY_UNKNOWN_SERVICE, message);
}

/* ---- the ops ---- */

static void do_status(struct request_context *context)
{
	struct supervisor *supervisor = context->requests->supervisor;
	const char *service = context->request.service[0] ? context->request.service : NULL;

	if (service && !supervisor_find_any(supervisor, service)) {
		answer_unknown_service(context);
		return;
	}
	answer(context->requests, context->client,
	    status_encode(supervisor, context->request.id, service, context->peer->is_privileged,
		context->now_ms),
	    context->request.bare);
}

static void do_settle(struct request_context *context)
{
	struct requests *requests = context->requests;
	struct settle *settle;
	int result = settle_new(requests->supervisor, &context->request, context->client,
	    requests->settles, context->now_ms, &settle);

	if (result == -ENOENT) {
		answer_unknown_service(context);
	} else if (result == -EBUSY) {
		answer_error(
		    context, REPLY_BUSY, "a start, stop or restart is under way; try again later");
	} else if (result) {
		answer_error(context, REPLY_FAILED, "no memory");
	} else {
		*settle_next(settle) = requests->settles;
		requests->settles = settle;
	}
}

static void do_reset(struct request_context *context)
{
	struct supervisor *supervisor = context->requests->supervisor;
	struct unit *only = supervisor_find(supervisor, context->request.service);

	if (context->request.service[0] && !only) {
		answer_unknown_service(context);
		return;
	}
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];
		enum service_state state = service_shown_state(&unit->service);

		if ((!only || unit == only) && !unit->is_removed &&
		    (state == SERVICE_BLOCKED || state == SERVICE_BACKOFF))
			unit_handle(unit, SERVICE_EV_START, context->now_ms);
	}
	answer_ok(context);
}

static void do_pair(struct request_context *context)
{
	struct unit *unit = supervisor_find(context->requests->supervisor, "auto-pair");

	if (!unit || unit->service.state == SERVICE_DISABLED) {
		answer_error(context, REPLY_FAILED,
		    unit ? "service auto-pair is disabled" : "no service auto-pair is configured");
		return;
	}
	/* A watcher that is starting polls at once anyway, and has no handler for the signal yet.
	 */
	if (unit->service.state == SERVICE_READY)
		(void)tree_signal_main(unit->pid, SIGUSR1);
	else if (unit_is_down(unit))
		unit_handle(unit, SERVICE_EV_START, context->now_ms);
	answer_ok(context);
}

static void do_reload(struct request_context *context)
{
	char *problems = NULL;

	if (reload(context->requests->supervisor, context->now_ms, &problems))
		answer_error(context, REPLY_FAILED, problems ? problems : "no memory");
	else
		answer_ok(context);
	free(problems);
}

static void do_shutdown(struct request_context *context)
{
	answer_ok(context);
	supervisor_stop(context->requests->supervisor, "shutdown request", context->now_ms);
}

static void (*const operations[])(struct request_context *context) = {
	[REQUEST_STATUS] = do_status,
	[REQUEST_RECOVER] = do_settle,
	[REQUEST_START] = do_settle,
	[REQUEST_STOP] = do_settle,
	[REQUEST_RESTART] = do_settle,
	[REQUEST_RESET] = do_reset,
	[REQUEST_PAIR] = do_pair,
	[REQUEST_RELOAD] = do_reload,
	[REQUEST_SHUTDOWN] = do_shutdown,
};
static_assert(ARRAY_LEN(operations) == REQUEST_OP_COUNT_, "every op is implemented");

/* ---- from the socket ---- */

static void requests_on_line(void *data, uint64_t client, const struct control_peer *peer,
    const char *line, size_t length_bytes)
{
	struct requests *requests = data;
	struct supervisor *supervisor = requests->supervisor;
	struct request_context context = { .requests = requests,
		.client = client,
		.peer = peer,
		.now_ms = loop_now_ms(supervisor->loop) };
	enum reply_code code;
	struct error error;

	if (request_decode(line, length_bytes, &context.request, &code, &error))
		answer_error(&context, code, error.message);
	else if (request_op_is_mutating(context.request.op) && !peer->is_privileged)
		answer_error(&context, REPLY_DENIED,
		    "only root and the user nemoinit runs as may ask for this");
	else if (supervisor->is_stopping && context.request.op != REQUEST_STATUS &&
		 context.request.op != REQUEST_SHUTDOWN)
		answer_error(&context, REPLY_STOPPING, "nemoinit is shutting down");
	else
		operations[context.request.op](&context);
}

static void requests_on_refusal(void *data, uint64_t client, enum control_refusal refusal)
{
	bool is_slow = refusal == CONTROL_REFUSED_TOO_SLOW;

	answer(data, client,
	    reply_encode_error("", is_slow ? REPLY_TIMEOUT : REPLY_TOO_LONG,
		is_slow ? "the line did not end in time" : "a request has at most 4096 bytes"),
	    true);
}

/* The services go on with what it asked for; only the memory of who wants to know is let go. */
static void requests_on_gone(void *data, uint64_t client)
{
	struct requests *requests = data;
	struct settle **place = &requests->settles;

	while (*place) {
		struct settle *settle = *place;

		if (settle_client(settle) == client)
			settle_answered(settle);
		if (settle_is_over(settle)) {
			*place = *settle_next(settle);
			settle_free(settle);
		} else {
			place = settle_next(settle);
		}
	}
}

/* ---- opening ---- */

/* Tries all places; CONTROL_TAKEN ends the search: a second instance (spec 20 part 4). */
static int requests_open(struct requests *requests)
{
	struct supervisor *supervisor = requests->supervisor;
	const struct config *config = supervisor->config;
	struct control_config control = { .endpoint = { .mode = config->socket_mode >= 0
								    ? (mode_t)config->socket_mode
								: getuid() == 0 ? 0666
										: 0600,
					      .group = (gid_t)-1 },
		.busy_line = requests->busy_line,
		.handlers = { .handle_line = requests_on_line,
		    .handle_refusal = requests_on_refusal,
		    .handle_gone = requests_on_gone },
		.data = requests };
	struct error error = { .message = "" };
	int result = -ENOENT;

	for (size_t i = 0; i < requests->paths.count; i++) {
		control.endpoint.path = requests->paths.items[i];
		if (socket_path_is_temporary(control.endpoint.path)) {
			result = socket_directory_make(control.endpoint.path, getuid());
			if (result) {
				error_set(&error, result,
				    "the directory of %s is not ours alone (%s)",
				    control.endpoint.path, strerror(-result));
				continue;
			}
		}
		result = control_open(supervisor->loop, &control, &requests->control, &error);
		if (result == CONTROL_TAKEN)
			return -EBUSY;
		if (!result) {
			unit_set_text(&supervisor->socket, control.endpoint.path);
			supervisor_report(supervisor, LOG_INFO, NULL, "socket", "control socket %s",
			    control.endpoint.path);
			return 0;
		}
	}
	supervisor_report(supervisor, LOG_WARN, NULL, "socket",
	    "no control socket: %s; trying again every minute", error.message);
	return result;
}

int requests_new(
    struct supervisor *supervisor, const char *explicit_path, struct requests **ret_requests)
{
	struct requests *requests = calloc(1, sizeof(*requests));
	int result = -ENOMEM;

	if (requests) {
		requests->supervisor = supervisor;
		requests->retry_ms = NEVER_MS;
		requests->busy_line =
		    reply_encode_error("", REPLY_BUSY, "too many connections; try again later");
		result = requests->busy_line ? socket_paths_init(&requests->paths, explicit_path,
						   getenv("XDG_RUNTIME_DIR"), getuid())
					     : -ENOMEM;
	}
	if (!result && requests_open(requests) == -EBUSY)
		result = -EBUSY;
	if (result) {
		requests_free(&requests);
		return result;
	}
	if (!requests->control)
		requests->retry_ms = deadline_after(loop_now_ms(supervisor->loop), SOCKET_RETRY_MS);
	*ret_requests = requests;
	return 0;
}

void requests_free(struct requests **requests)
{
	struct settle *settle, *next;

	if (!*requests)
		return;
	for (settle = (*requests)->settles; settle; settle = next) {
		next = *settle_next(settle);
		settle_free(settle);
	}
	if ((*requests)->control)
		control_close(&(*requests)->control);
	free((*requests)->busy_line);
	free(*requests);
	*requests = NULL;
}

/* ---- the turn ---- */

static void requests_answer_settle(struct requests *requests, struct settle *settle)
{
	char *line = settle_encode(settle);

	settle_answered(settle);
	answer(requests, settle_client(settle), line, settle_is_bare(settle));
}

/* Takes one that is to be answered, or is over, out of the list; NULL: there is none. */
static struct settle *requests_take_due(struct requests *requests, uint64_t now_ms)
{
	for (struct settle **place = &requests->settles; *place; place = settle_next(*place)) {
		struct settle *settle = *place;

		settle_turn(settle, now_ms);
		if (settle_is_answerable(settle, now_ms) || settle_is_over(settle) ||
		    requests->supervisor->is_stopping) {
			*place = *settle_next(settle);
			return settle;
		}
	}
	return NULL;
}

/*
 * An answer lets the client's next line in, which may add to the list or take from it: so the list
 * is never walked while answering.
 */
static uint64_t requests_turn_settles(struct requests *requests, uint64_t now_ms)
{
	uint64_t deadline_ms = NEVER_MS;
	struct settle *settle;

	while ((settle = requests_take_due(requests, now_ms))) {
		bool is_over = settle_is_over(settle) || requests->supervisor->is_stopping;

		/* Not twice: the client may wait for the answer to its next line already. */
		if (!settle_is_answered(settle))
			requests_answer_settle(requests, settle);
		if (is_over || settle_is_over(settle)) {
			settle_free(settle);
		} else {
			*settle_next(settle) = requests->settles;
			requests->settles = settle;
		}
	}
	for (settle = requests->settles; settle; settle = *settle_next(settle))
		deadline_ms = min_ms(deadline_ms, settle_deadline_ms(settle));
	return deadline_ms;
}

uint64_t requests_turn(struct requests *requests, uint64_t now_ms)
{
	uint64_t deadline_ms = requests_turn_settles(requests, now_ms);

	if (now_ms >= requests->retry_ms) {
		requests->retry_ms =
		    requests_open(requests) ? deadline_after(now_ms, SOCKET_RETRY_MS) : NEVER_MS;
	}
	if (requests->control)
		deadline_ms = min_ms(deadline_ms, control_turn(requests->control, now_ms));
	return min_ms(deadline_ms, requests->retry_ms);
}
