#include "app/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/call_output.h"
#include "core/devices_json.h"
#include "io/executable.h"
#include "io/job.h"
#include "io/loop.h"
#include "util/macros.h"

enum {
	CLI_HEADROOM_MS =
	    2000, /* the CLI's own limit ends before ours: it needs a second to start */
	CLI_TIMEOUT_MIN_MS = 1000, /* less would fail calls that work */
};

struct calls {
	struct job *job;
	char **environment; /* owned; its strings are borrowed */
	const char *name;
	const char *search_path;
	char *program; /* owned; NULL: not found yet */
	bool is_list;  /* the call under way */
	char request_id[AUTO_PAIR_ID_BYTES];
	char cli_timeout[24];
	const char *argv[8];
	void (*handle)(void *data, const struct pairing_event *event);
	void *data;
};

/* ---- what an end means ---- */

static void tell(struct calls *calls, const struct pairing_event *event)
{
	calls->handle(calls->data, event);
}

/* Text on the failure of an ended call, at most AUTO_PAIR_MESSAGE_BYTES with its NUL. */
static void describe(
    const struct job_result *result, const struct call_output *output, struct text *text)
{
	if (result->outcome == JOB_NOT_STARTED) {
		text_add_printable(text, result->error->message, strlen(result->error->message),
		    AUTO_PAIR_MESSAGE_BYTES - 1);
		return;
	}
	call_output_format(output, text, AUTO_PAIR_MESSAGE_BYTES - 1);
	if (!text->length_bytes)
		text_addf(text, "%s %d", result->exit.by_signal ? "signal" : "exit code",
		    result->exit.value);
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
		describe(result, output, &text);
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
	describe(result, output, &text);
	event.text = buffer;
	tell(calls, &event);
}

static void calls_on_end(void *data, const struct job_result *result)
{
	struct calls *calls = data;
	struct call_output output = {
		.output = result->output->data ? result->output->data : "",
		.error_output = result->error_output->data ? result->error_output->data : "",
	};

	if (result->outcome == JOB_NOT_STARTED) {
		free(calls->program); /* moved or replaced: look again */
		calls->program = NULL;
	}
	if (calls->is_list)
		tell_list(calls, result, &output);
	else
		tell_approve(calls, result, &output);
}

/* ---- making them ---- */

static bool is_for_call(const char *variable)
{
	/* With the URL older CLIs go through the gateway and can never approve their own scope
	 * upgrade; the rest is between our supervisor and us. */
	static const char *const unwanted[] = { "OPENCLAW_GATEWAY_URL=", "OPENCLAW_NO_RESPAWN=",
		"NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID=" };

	for (size_t i = 0; i < ARRAY_LEN(unwanted); i++) {
		if (strncmp(variable, unwanted[i], strlen(unwanted[i])) == 0)
			return false;
	}
	return true;
}

static char **call_environment(char *const *environment)
{
	static char no_respawn[] = "OPENCLAW_NO_RESPAWN=1";
	size_t count = 0, filled = 0;
	char **copy;

	while (environment[count])
		count++;
	copy = calloc(count + 2, sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (is_for_call(environment[i]))
			copy[filled++] = environment[i];
	}
	copy[filled] = no_respawn;
	return copy;
}

int calls_new(struct loop *loop, char *const *environment,
    void (*handle)(void *data, const struct pairing_event *event), void *data,
    struct calls **ret_calls)
{
	struct calls *calls = calloc(1, sizeof(*calls));
	const char *name = getenv("OPENCLAW_BIN"), *search_path = getenv("PATH");

	if (!calls)
		return -ENOMEM;
	calls->handle = handle;
	calls->data = data;
	calls->name = name && name[0] ? name : "openclaw";
	calls->search_path = search_path && search_path[0]
				 ? search_path
				 : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	calls->environment = call_environment(environment);
	if (!calls->environment || job_new(loop, calls_on_end, calls, &calls->job)) {
		calls_free(&calls);
		return -ENOMEM;
	}
	*ret_calls = calls;
	return 0;
}

void calls_free(struct calls **calls)
{
	if (!*calls)
		return;
	job_free(&(*calls)->job);
	free((*calls)->environment);
	free((*calls)->program);
	free(*calls);
	*calls = NULL;
}

static int start(struct calls *calls, uint64_t timeout_ms, uint64_t cli_timeout_ms, uint64_t now_ms,
    struct error *error)
{
	struct job_request request = {
		.timeout_ms = timeout_ms,
		.max_output_bytes = DEVICES_OUTPUT_MAX_BYTES,
		.owns_children = true,
	};
	size_t count = 0;

	if (!calls->program)
		calls->program = executable_find(calls->name, calls->search_path);
	if (!calls->program)
		return error_set(
		    error, -ENOENT, "no '%s' in PATH=%s", calls->name, calls->search_path);
	calls->argv[count++] = calls->program;
	calls->argv[count++] = "devices";
	calls->argv[count++] = calls->is_list ? "list" : "approve";
	if (!calls->is_list)
		calls->argv[count++] = calls->request_id;
	calls->argv[count++] = "--json";
	if (cli_timeout_ms >= CLI_TIMEOUT_MIN_MS) {
		snprintf(calls->cli_timeout, sizeof(calls->cli_timeout), "%llu",
		    (unsigned long long)cli_timeout_ms);
		calls->argv[count++] = "--timeout";
		calls->argv[count++] = calls->cli_timeout;
	}
	calls->argv[count] = NULL;
	request.spawn = (struct spawn_request){ .argv = (char *const *)calls->argv,
		.environment = calls->environment,
		.search_path = calls->search_path,
		.die_with_parent = true };
	return job_start(calls->job, &request, now_ms, error);
}

static uint64_t without_headroom(uint64_t timeout_ms)
{
	return timeout_ms > CLI_HEADROOM_MS ? timeout_ms - CLI_HEADROOM_MS : 0;
}

int calls_list(struct calls *calls, uint64_t timeout_ms, uint64_t now_ms, struct error *error)
{
	calls->is_list = true;
	return start(calls, timeout_ms, without_headroom(timeout_ms), now_ms, error);
}

int calls_approve(struct calls *calls, const char *request_id, uint64_t timeout_ms, uint64_t now_ms,
    struct error *error)
{
	calls->is_list = false;
	snprintf(calls->request_id, sizeof(calls->request_id), "%s", request_id);
	/* approve may ask the gateway twice, each time with the limit it is given. */
	return start(calls, timeout_ms, without_headroom(timeout_ms) / 2, now_ms, error);
}

void calls_stop(struct calls *calls, uint64_t now_ms)
{
	job_stop(calls->job, now_ms);
}

bool calls_is_running(const struct calls *calls)
{
	return job_is_running(calls->job);
}

void calls_handle_exit(
    struct calls *calls, pid_t pid, const struct exit_info *exit, uint64_t now_ms)
{
	job_handle_exit(calls->job, pid, exit, now_ms);
}

uint64_t calls_deadline_ms(const struct calls *calls)
{
	return job_deadline_ms(calls->job);
}

void calls_handle_deadline(struct calls *calls, uint64_t now_ms)
{
	job_handle_deadline(calls->job, now_ms);
}
