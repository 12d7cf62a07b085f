#include "app/wait.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/ask.h"
#include "app/show.h"
#include "core/request_json.h"
#include "io/clock.h"
#include "util/macros.h"

enum {
	TRY_TIMEOUT_MS = 5000,
	PAUSE_MIN_MS = 50,
	PAUSE_MAX_MS = 500,
};

/* Is it down, and stays so by itself? */
static bool is_stopped(const struct snapshot_service *service)
{
	return service->pid < 0 &&
	       (service->state == SERVICE_STOPPED || service->state == SERVICE_FINISHED ||
		   service->state == SERVICE_DISABLED);
}

/* 1: all are as they should be; 0: not yet, *ret_last is the first that is not; -1: *ret_status. */
static int judge(const struct invocation *invocation, const struct snapshot *snapshot,
    struct error *last, enum exit_status *ret_status)
{
	for (size_t i = 0; i < invocation->argument_count; i++) {
		const char *name = invocation->arguments[i];
		const struct snapshot_service *service = snapshot_find(snapshot, name);

		if (!service) {
			*ret_status = show_unknown_service(name);
			return -1;
		}
		if (invocation->is_for_stopped
			? is_stopped(service)
			: exit_status_of_service(service) == EXIT_STATUS_DONE)
			continue;
		error_set(last, 0, "%s is %s%s", name, service_state_to_string(service->state),
		    service->crash_loop ? " (crash loop)" : "");
		return 0;
	}
	return 1;
}

/* One look; returns as judge does. */
static int look(const struct invocation *invocation, uint64_t deadline_ms, struct error *last,
    enum exit_status *ret_status)
{
	const struct request request = { .op = REQUEST_STATUS, .timeout_ms = NEVER_MS };
	struct error error = { .code = 0 };
	struct snapshot_json decoded;
	size_t length_bytes;
	char *reply = NULL;
	int result = ask(invocation, &request,
	    min_ms(deadline_ms, deadline_after(clock_now_ms(), TRY_TIMEOUT_MS)), &reply,
	    &length_bytes, &error);

	if (result) {
		*ret_status = ask_status(result);
		if (*ret_status != EXIT_STATUS_UNREACHABLE && *ret_status != EXIT_STATUS_TIMEOUT) {
			show_complaint("%s", error.message);
			return -1;
		}
		/* A last look may be cut short by the end of our time: that says nothing. */
		if (result != -ETIMEDOUT || !last->message[0])
			*last = error;
		return 0;
	}
	if (show_read_status(reply, length_bytes, &decoded, ret_status)) {
		/* Too many connections now, fewer in a moment. */
		result = *ret_status == EXIT_STATUS_BUSY ? 0 : -1;
	} else {
		result = judge(invocation, &decoded.snapshot, last, ret_status);
		snapshot_json_deinit(&decoded);
	}
	if (result > 0 && invocation->wants_json)
		*ret_status = show_json(reply, length_bytes, EXIT_STATUS_DONE);
	free(reply);
	return result;
}

static void pause_for(uint64_t ms)
{
	const struct timespec time = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000 * 1000000) };

	(void)nanosleep(&time, NULL); /* cut short, we look a little earlier */
}

enum exit_status wait_run(const struct command *command, const struct invocation *invocation)
{
	uint64_t limit_ms =
	    invocation->timeout_ms == NEVER_MS ? command->timeout_ms : invocation->timeout_ms;
	uint64_t deadline_ms = deadline_after(clock_now_ms(), limit_ms), pause_ms = PAUSE_MIN_MS;
	enum exit_status status = EXIT_STATUS_DONE;
	struct error last = { .code = 0 };
	int result;

	for (size_t i = 0; i < invocation->argument_count; i++) {
		if (!request_is_service_name(invocation->arguments[i])) {
			show_complaint("'%s' is no name of a service", invocation->arguments[i]);
			return EXIT_STATUS_USAGE;
		}
	}
	while (!(result = look(invocation, deadline_ms, &last, &status))) {
		uint64_t left_ms = time_left_ms(deadline_ms, clock_now_ms());

		if (!left_ms) {
			show_complaint("time is up: %s", last.message);
			return EXIT_STATUS_TIMEOUT;
		}
		pause_for(min_ms(left_ms, pause_ms));
		pause_ms = min_ms(pause_ms * 2, PAUSE_MAX_MS);
	}
	return result < 0 ? status : EXIT_STATUS_DONE;
}
