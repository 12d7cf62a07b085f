#include "app/requests.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/reload.h"
#include "app/requests_private.h"
#include "app/settle.h"
#include "app/status.h"
#include "core/reply_json.h"
#include "core/request_json.h"
#include "io/loop.h"
#include "io/tree.h"
#include "util/macros.h"

/* ---- answers ---- */

void requests_answer(struct requests *requests, uint64_t client, char *line, bool close_after)
{
	control_reply(requests->control, client, line ? line : "", line ? strlen(line) : 0,
	    close_after || !line);
	free(line);
}

void request_answer(const struct request_context *context, char *line)
{
	requests_answer(context->requests, context->client, line, context->request.bare);
}

void request_answer_error(
    const struct request_context *context, enum reply_code code, const char *message)
{
	request_answer(context, reply_encode_error(context->request.id, code, message));
}

static void answer_ok(const struct request_context *context)
{
	request_answer(context, reply_encode_ok(context->request.id));
}

void request_answer_unknown_service(const struct request_context *context)
{
	char message[96];

	snprintf(
	    message, sizeof(message), "no service '%s' is configured", context->request.service);
	request_answer_error(context, REPLY_UNKNOWN_SERVICE, message);
}

/* ---- the ops ---- */

static void do_status(struct request_context *context)
{
	struct supervisor *supervisor = context->requests->supervisor;
	const char *service = context->request.service[0] ? context->request.service : NULL;

	if (service && !supervisor_find_any(supervisor, service)) {
		request_answer_unknown_service(context);
		return;
	}
	request_answer(context, status_encode(supervisor, context->request.id, service,
				    context->peer->is_privileged, context->now_ms));
}

static void do_settle(struct request_context *context)
{
	struct requests *requests = context->requests;
	struct settle *settle;
	int result = settle_new(requests->supervisor, &context->request, context->client,
	    requests->settles, context->now_ms, &settle);

	if (result == -ENOENT) {
		request_answer_unknown_service(context);
	} else if (result == -EBUSY) {
		request_answer_error(
		    context, REPLY_BUSY, "a start, stop or restart is under way; try again later");
	} else if (result) {
		request_answer_error(context, REPLY_FAILED, "no memory");
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
		request_answer_unknown_service(context);
		return;
	}
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];

		/* What runs is forgiven too: it may be marked as a crash loop. */
		if ((!only || unit == only) && !unit->is_removed && unit->service.is_wanted &&
		    unit->service.state != SERVICE_FINISHED)
			unit_handle(unit, SERVICE_EV_START, context->now_ms);
	}
	answer_ok(context);
}

static void do_pair(struct request_context *context)
{
	struct unit *unit = supervisor_find(context->requests->supervisor, "auto-pair");

	if (!unit || unit->service.state == SERVICE_DISABLED) {
		request_answer_error(context, REPLY_FAILED,
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
		request_answer_error(context, REPLY_FAILED, problems ? problems : "no memory");
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
	[REQUEST_LOGS] = request_do_logs,
	[REQUEST_EVENTS] = request_do_events,
	[REQUEST_METRICS] = request_do_metrics,
	[REQUEST_RELOAD] = do_reload,
	[REQUEST_SHUTDOWN] = do_shutdown,
};
static_assert(ARRAY_LEN(operations) == REQUEST_OP_COUNT_, "every op is implemented");

/* ---- from the socket ---- */

/* NULL: it may; else why not. */
static const char *reason_to_deny(const struct request_context *context)
{
	const struct config *config = context->requests->supervisor->config;

	if (context->peer->is_privileged)
		return NULL;
	if (request_op_is_privileged(context->request.op))
		return config->socket_group ? "only root, the user nemoinit runs as and the "
					      "members of socket_group may ask for this"
					    : "only root and the user nemoinit runs as may ask "
					      "for this";
	return config->status_access == STATUS_ACCESS_OWNER
		   ? "status_access = owner: status is not for this user"
		   : NULL;
}

static void requests_on_line(void *data, uint64_t client, const struct control_peer *peer,
    const char *line, size_t length_bytes)
{
	struct requests *requests = data;
	struct supervisor *supervisor = requests->supervisor;
	struct request_context context = { .requests = requests,
		.client = client,
		.peer = peer,
		.now_ms = loop_now_ms(supervisor->loop) };
	const struct request *request = &context.request;
	enum reply_code code;
	struct error error;
	const char *denial;

	if (request_decode(line, length_bytes, &context.request, &code, &error))
		request_answer_error(&context, code, error.message);
	else if ((denial = reason_to_deny(&context)))
		request_answer_error(&context, REPLY_DENIED, denial);
	else if (supervisor->is_stopping && request_op_is_mutating(request->op) &&
		 request->op != REQUEST_SHUTDOWN)
		request_answer_error(&context, REPLY_STOPPING, "nemoinit is shutting down");
	else
		operations[request->op](&context);
}

static void requests_on_refusal(void *data, uint64_t client, enum control_refusal refusal)
{
	bool is_slow = refusal == CONTROL_REFUSED_TOO_SLOW;

	requests_answer(data, client,
	    reply_encode_error("", is_slow ? REPLY_TIMEOUT : REPLY_TOO_LONG,
		is_slow ? "the line did not end in time" : "a request has at most 4096 bytes"),
	    true);
}

/* The services go on with what it asked for; only the memory of who wants to know is let go. */
static void requests_on_gone(void *data, uint64_t client)
{
	struct requests *requests = data;
	struct settle **place = &requests->settles;

	followers_remove(&requests->followers, client);
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

/* ---- life ---- */

static const struct control_handlers handlers = { .handle_line = requests_on_line,
	.handle_refusal = requests_on_refusal,
	.handle_gone = requests_on_gone,
	.handle_lost = requests_on_lost };

static void requests_on_output(void *data, const char *name, const struct kept_line *line)
{
	struct requests *requests = data;

	if (!requests->control)
		return;
	if (line)
		followers_line(&requests->followers, requests->control, name, line);
	else
		followers_end(&requests->followers, requests->control, name);
}

int requests_new(
    struct supervisor *supervisor, const char *explicit_path, struct requests **ret_requests)
{
	struct requests *requests = calloc(1, sizeof(*requests));
	int result = -ENOMEM;

	if (requests) {
		requests->supervisor = supervisor;
		requests->followers.supervisor = supervisor;
		requests->retry_ms = requests->renew_ms = NEVER_MS;
		requests->busy_line =
		    reply_encode_error("", REPLY_BUSY, "too many connections; try again later");
		result = requests->busy_line ? socket_paths_init(&requests->paths, explicit_path,
						   getenv("XDG_RUNTIME_DIR"), getuid())
					     : -ENOMEM;
	}
	if (!result && requests_open(requests, &handlers) == -EBUSY)
		result = -EBUSY;
	if (result) {
		requests_free(&requests);
		return result;
	}
	supervisor->on_line = requests_on_output;
	supervisor->on_line_data = requests;
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
	(*requests)->supervisor->on_line = NULL;
	followers_deinit(&(*requests)->followers);
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
	requests_answer(requests, settle_client(settle), line, settle_is_bare(settle));
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

	if (now_ms >= requests->retry_ms)
		(void)requests_open(requests, &handlers);
	if (requests->control) {
		requests_turn_socket(requests, now_ms);
		followers_events(&requests->followers, requests->control);
		deadline_ms = min_ms(deadline_ms, control_turn(requests->control, now_ms));
		if (followers_is_behind(&requests->followers))
			deadline_ms = now_ms;
	}
	return min_ms(deadline_ms, min_ms(requests->retry_ms, requests->renew_ms));
}
