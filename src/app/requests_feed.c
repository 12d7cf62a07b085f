/* The ops that tell of the past and may go on with what comes: logs, events; and metrics. */
#include "app/requests_private.h"
#include "app/status.h"
#include "core/feed_json.h"

void request_do_logs(struct request_context *context)
{
	struct requests *requests = context->requests;
	const struct request *request = &context->request;
	const struct unit *unit = supervisor_find(requests->supervisor, request->service);
	size_t count = request->lines < 0 ? SIZE_MAX : (size_t)request->lines;
	char *line;

	if (!unit) {
		request_answer_unknown_service(context);
		return;
	}
	line = logs_encode(&unit->speaker.ring, count, request->id);
	if (!request->follow)
		request_answer(context, line);
	else if (!followers_add(
		     &requests->followers, requests->control, context->client, request, line))
		request_answer(context, NULL);
}

void request_do_events(struct request_context *context)
{
	struct requests *requests = context->requests;
	const struct request *request = &context->request;
	struct supervisor *supervisor = requests->supervisor;
	char *line =
	    events_encode(&supervisor->events, request->since, request->id, supervisor->instance);

	if (!request->follow)
		request_answer(context, line);
	else if (!followers_add(
		     &requests->followers, requests->control, context->client, request, line))
		request_answer(context, NULL);
}

void request_do_metrics(struct request_context *context)
{
	request_answer(context,
	    metrics_encode(context->requests->supervisor, context->request.id, context->now_ms));
}
