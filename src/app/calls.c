#include "app/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "core/call_output.h"
#include "core/devices_json.h"
#include "io/job.h"

struct calls {
	struct cli cli;
	bool is_list; /* the call under way */
	char request_id[AUTO_PAIR_ID_BYTES];
	void (*handle)(void *data, const struct pairing_event *event);
	void *data;
};

/* ---- what an end means ---- */

static void tell(struct calls *calls, const struct pairing_event *event)
{
	calls->handle(calls->data, event);
}

static enum list_failure failure_of_exit(const struct call_output *output)
{
	return call_output_is_pairing_required(output) ? LIST_PAIRING_REQUIRED
						       : LIST_COMMAND_FAILED;
}

static void tell_list(
    struct calls *calls, const struct job_result *result, const struct call_output *output)
{
	struct pairing_event event = { .kind = PAIRING_EV_LIST_FAILED };
	struct devices devices = { .pending = NULL };
	char buffer[AUTO_PAIR_MESSAGE_BYTES];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	if (result->outcome == JOB_TIMED_OUT) {
		event.failure = LIST_TIMEOUT;
	} else if (result->outcome == JOB_NOT_STARTED || result->exit.by_signal ||
		   result->exit.value) {
		event.failure = failure_of_exit(output);
		cli_describe(result, output, &text, AUTO_PAIR_MESSAGE_BYTES - 1);
	} else if (result->output->truncated) {
		event.failure = LIST_INVALID_JSON;
	} else {
		event.failure =
		    devices_decode(output->output, result->output->length_bytes, &devices);
		if (event.failure == LIST_INVALID_RESPONSE &&
		    call_output_is_pairing_required(output))
			event.failure = LIST_PAIRING_REQUIRED;
	}
	if (event.failure == LIST_SUCCEEDED) {
		event.kind = PAIRING_EV_LISTED;
		event.devices = &devices;
	}
	event.text = buffer;
	tell(calls, &event);
	devices_deinit(&devices);
}

/* A call that never began or was killed has not asked the gateway: no answer, so not for good. */
static enum pairing_event_kind approve_kind(
    const struct job_result *result, const struct call_output *output)
{
	if (result->outcome == JOB_TIMED_OUT)
		return PAIRING_EV_APPROVE_TIMED_OUT;
	if (result->outcome == JOB_NOT_STARTED || result->exit.by_signal)
		return PAIRING_EV_APPROVE_DEFERRED;
	if (!result->exit.value)
		return PAIRING_EV_APPROVED;
	return call_output_is_transient(output) ? PAIRING_EV_APPROVE_DEFERRED
						: PAIRING_EV_APPROVE_REFUSED;
}

static void tell_approve(
    struct calls *calls, const struct job_result *result, const struct call_output *output)
{
	struct pairing_event event = { .kind = approve_kind(result, output) };
	char buffer[AUTO_PAIR_MESSAGE_BYTES];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	cli_describe(result, output, &text, AUTO_PAIR_MESSAGE_BYTES - 1);
	event.text = buffer;
	tell(calls, &event);
}

static void calls_on_end(
    void *data, const struct job_result *result, const struct call_output *output)
{
	struct calls *calls = data;

	if (calls->is_list)
		tell_list(calls, result, output);
	else
		tell_approve(calls, result, output);
}

/* ---- making them ---- */

int calls_new(struct loop *loop, char *const *environment,
    void (*handle)(void *data, const struct pairing_event *event), void *data,
    struct calls **ret_calls)
{
	struct calls *calls = calloc(1, sizeof(*calls));
	struct cli_request request = {
		.environment = environment,
		/* With it older CLIs go through the gateway and can never approve their own scope
		 * upgrade. */
		.unwanted = "OPENCLAW_GATEWAY_URL=",
		.max_output_bytes = DEVICES_OUTPUT_MAX_BYTES,
		.handle = calls_on_end,
		.data = calls,
	};

	if (!calls)
		return -ENOMEM;
	calls->handle = handle;
	calls->data = data;
	if (cli_init(&calls->cli, loop, &request)) {
		free(calls);
		return -ENOMEM;
	}
	*ret_calls = calls;
	return 0;
}

void calls_free(struct calls **calls)
{
	if (!*calls)
		return;
	cli_deinit(&(*calls)->cli);
	free(*calls);
	*calls = NULL;
}

int calls_list(struct calls *calls, uint64_t timeout_ms, uint64_t now_ms, struct error *error)
{
	static const char *const words[] = { "devices", "list", NULL };

	calls->is_list = true;
	return cli_start(&calls->cli, words, timeout_ms, 1, now_ms, error);
}

int calls_approve(struct calls *calls, const char *request_id, uint64_t timeout_ms, uint64_t now_ms,
    struct error *error)
{
	const char *const words[] = { "devices", "approve", calls->request_id, NULL };

	calls->is_list = false;
	snprintf(calls->request_id, sizeof(calls->request_id), "%s", request_id);
	/* approve may ask the gateway twice, each time with the limit it is given. */
	return cli_start(&calls->cli, words, timeout_ms, 2, now_ms, error);
}

void calls_stop(struct calls *calls, uint64_t now_ms)
{
	job_stop(calls->cli.job, now_ms);
}

bool calls_is_running(const struct calls *calls)
{
	return job_is_running(calls->cli.job);
}

void calls_handle_exit(
    struct calls *calls, pid_t pid, const struct exit_info *exit, uint64_t now_ms)
{
	job_handle_exit(calls->cli.job, pid, exit, now_ms);
}

uint64_t calls_deadline_ms(const struct calls *calls)
{
	return job_deadline_ms(calls->cli.job);
}

void calls_handle_deadline(struct calls *calls, uint64_t now_ms)
{
	job_handle_deadline(calls->cli.job, now_ms);
}
